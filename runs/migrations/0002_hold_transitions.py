"""The database refuses a change of state that `runs.states` does not know.

The pairs are written out here, as a migration must not change with the code; a test compares them
with `runs.states.TRANSITIONS`.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION runs_hold_transitions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
        ('queued', 'running'), ('queued', 'stopped'), ('queued', 'failed'),
        ('running', 'queued'), ('running', 'done'), ('running', 'stopped'),
        ('running', 'interrupted'), ('running', 'failed')
    ) THEN
        RAISE EXCEPTION 'a run cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'runs_hold_transitions';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER runs_hold_transitions BEFORE UPDATE OF state ON runs_run
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION runs_hold_transitions();
"""
DROP = """
DROP TRIGGER runs_hold_transitions ON runs_run;
DROP FUNCTION runs_hold_transitions();
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
