from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is made beside the ledger's use

    dependencies = [("usage", "0003_credential")]

    operations = [
        AddIndexConcurrently(
            model_name="usagerecord",
            index=models.Index(
                condition=models.Q(credential__isnull=False),
                fields=["credential", "-created_at"],
                name="usage_by_credential",
            ),
        ),
    ]
