from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is made beside the ledger's use

    dependencies = [
        ("providers", "0004_routes_teams_and_key_pools"),
        ("usage", "0002_newest_first"),
    ]

    operations = [
        migrations.AddField(
            model_name="usagerecord",
            name="credential",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=models.SET_NULL,
                related_name="+",
                to="providers.credential",
                verbose_name="credential",
            ),
        ),
        AddIndexConcurrently(
            model_name="usagerecord",
            index=models.Index(
                condition=models.Q(credential__isnull=False),
                fields=["credential", "-created_at"],
                name="usage_by_credential",
            ),
        ),
    ]
