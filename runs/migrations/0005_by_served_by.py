from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # the index is made beside the runs' use

    dependencies = [("runs", "0004_run_served_by")]

    operations = [
        AddIndexConcurrently(
            "run",
            models.Index(
                fields=["served_by"], condition=Q(served_by__isnull=False), name="runs_by_served_by"
            ),
        ),
    ]
