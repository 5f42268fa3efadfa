from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

NEWEST = ["-created_at", "-id"]


class Migration(migrations.Migration):
    atomic = False  # the indexes are made beside the ledger's use

    dependencies = [("usage", "0007_models_of_older_records")]

    operations = [
        AddIndexConcurrently(
            "usagerecord", models.Index(fields=["model", "-created_at"], name="usage_by_model")
        ),
        AddIndexConcurrently(
            "usagerecord", models.Index(fields=["door", "-created_at"], name="usage_by_door")
        ),
        AddIndexConcurrently(
            "usagerecord",
            models.Index(
                fields=["key", "-created_at"], condition=Q(key__isnull=False), name="usage_by_key"
            ),
        ),
        AddIndexConcurrently(
            "usagerecord",
            models.Index(fields=NEWEST, condition=Q(state="held"), name="usage_newest_held"),
        ),
        AddIndexConcurrently(
            "usagerecord",
            models.Index(
                fields=NEWEST, condition=Q(state="released"), name="usage_newest_released"
            ),
        ),
        AddIndexConcurrently(
            "usagerecord",
            models.Index(
                fields=NEWEST,
                condition=Q(state="settled", is_reported=False),
                name="usage_newest_estimated",
            ),
        ),
    ]
