from django.db import migrations

# A closed record forgets what it points at when that is deleted; nothing else of it changes.
_KEEP = """
CREATE FUNCTION usage_keep_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a closed record of the ledger is neither changed nor deleted'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'usage_closed_records_stay';
END
$$;
CREATE TRIGGER usage_record_changed BEFORE UPDATE ON usage_usagerecord FOR EACH ROW
WHEN (
    OLD.state <> 'held'
    AND to_jsonb(OLD) - ARRAY['model_id', 'deployment_id', 'credential_id', 'key_id']
        <> to_jsonb(NEW) - ARRAY['model_id', 'deployment_id', 'credential_id', 'key_id']
)
EXECUTE FUNCTION usage_keep_record();
CREATE TRIGGER usage_record_deleted BEFORE DELETE ON usage_usagerecord FOR EACH ROW
WHEN (OLD.state <> 'held')
EXECUTE FUNCTION usage_keep_record();
"""
_UNKEEP = """
DROP TRIGGER usage_record_changed ON usage_usagerecord;
DROP TRIGGER usage_record_deleted ON usage_usagerecord;
DROP FUNCTION usage_keep_record();
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0008_ledger_indexes")]

    operations = [migrations.RunSQL(_KEEP, _UNKEEP)]
