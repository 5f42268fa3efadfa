from django.db import migrations

# What names a person may be emptied; nothing else of an entry ever changes.
_KEEP = """
CREATE FUNCTION ops_keep_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    personal CONSTANT text[] := ARRAY['actor_name', 'subject_name', 'address', 'browser'];
BEGIN
    IF TG_OP = 'UPDATE'
        AND to_jsonb(OLD) - personal = to_jsonb(NEW) - personal
        AND NEW.actor_name IN (OLD.actor_name, '')
        AND NEW.subject_name IN (OLD.subject_name, '')
        AND NEW.browser IN (OLD.browser, '')
        AND (NEW.address IS NULL OR NEW.address IS NOT DISTINCT FROM OLD.address)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an entry of the audit trail is neither changed nor deleted'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_entries_stay';
END
$$;
CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE ON ops_auditentry
FOR EACH ROW EXECUTE FUNCTION ops_keep_audit_entry();
"""
_UNKEEP = """
DROP TRIGGER audit_entry_stays ON ops_auditentry;
DROP FUNCTION ops_keep_audit_entry();
"""


class Migration(migrations.Migration):
    dependencies = [("ops", "0001_audit_trail")]

    operations = [migrations.RunSQL(_KEEP, _UNKEEP)]
