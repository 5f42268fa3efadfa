from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q
from django.db.models.deletion import DO_NOTHING, PROTECT

WELL = (
    "stop", "length", "content_filter", "tool_calls",
    "stopped", "cancelled", "never_called", "handed_over",
)  # fmt: skip


class Migration(migrations.Migration):
    atomic = False  # the indexes are made beside the ledger's use

    dependencies = [("usage", "0010_ids_stay_and_accounts_add_up")]

    operations = [
        AddIndexConcurrently(
            "usagerecord",
            models.Index(fields=["deployment", "-created_at"], name="usage_by_deployment"),
        ),
        AddIndexConcurrently(
            "usagerecord",
            models.Index(
                fields=["-created_at", "-id"],
                condition=~Q(state="held") & ~Q(outcome__in=WELL),
                name="usage_newest_failed",
            ),
        ),
        # Other indexes begin with these columns.
        migrations.AlterField(
            "usagerecord",
            "account",
            models.ForeignKey("usage.account", PROTECT, related_name="usage", db_index=False),
        ),
        migrations.AlterField(
            "usagerecord",
            "deployment",
            models.ForeignKey(
                "providers.modelspec",
                DO_NOTHING,
                null=True,
                related_name="+",
                verbose_name="deployment",
                db_index=False,
                db_constraint=False,
            ),
        ),
    ]
