from django.db import connection, migrations

BATCH = 10_000
_NEXT = """
WITH batch AS (
    SELECT id FROM usage_usagerecord WHERE id > %s ORDER BY id LIMIT %s
), named AS (
    UPDATE usage_usagerecord AS record
    SET model_id = record.deployment_id, model_name = coalesce(spec.label, record.deployment_name)
    FROM batch
        JOIN usage_usagerecord AS called ON called.id = batch.id
        LEFT JOIN providers_modelspec AS spec ON spec.id = called.deployment_id
    WHERE record.id = batch.id AND record.model_name = ''
)
SELECT max(id::text)::uuid FROM batch
"""


def name_models(apps, schema_editor):
    """Older records were asked for by the model that answered, as far as is known."""
    last = "00000000-0000-0000-0000-000000000000"
    with connection.cursor() as cursor:
        while last is not None:
            cursor.execute(_NEXT, [last, BATCH])
            last = cursor.fetchone()[0]


class Migration(migrations.Migration):
    atomic = False  # batch by batch, beside the ledger's use

    dependencies = [("usage", "0006_model_and_deployment")]

    operations = [migrations.RunPython(name_models, migrations.RunPython.noop)]
