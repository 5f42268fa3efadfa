import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What was called `model` is the one that answered: the one asked for gets a column of its own.

    Nothing here rewrites the table.
    """

    dependencies = [("usage", "0005_limits_and_sums")]

    operations = [
        migrations.RenameField("usagerecord", "model", "deployment"),
        migrations.RenameField("usagerecord", "model_name", "deployment_name"),
        migrations.AlterField(
            "usagerecord",
            "deployment",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="providers.modelspec",
                verbose_name="deployment",
            ),
        ),
        migrations.AlterField(
            "usagerecord",
            "deployment_name",
            models.CharField(max_length=200, verbose_name="deployment"),
        ),
        migrations.AddField(
            "usagerecord",
            "model",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="usage",
                to="providers.modelspec",
                verbose_name="model",
            ),
        ),
        migrations.AddField(
            "usagerecord",
            "model_name",
            models.CharField(default="", max_length=200, verbose_name="model"),
        ),
        migrations.AddField(
            "usagerecord",
            "key",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.apikey",
                verbose_name="API key",
            ),
        ),
        migrations.AddField(
            "usagerecord",
            "held_cost",
            models.DecimalField(decimal_places=10, max_digits=20, null=True),
        ),
        migrations.AddField(
            "usagerecord",
            "limits",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AddField(
            "usagerecord",
            "first_token_ms",
            models.PositiveIntegerField(null=True, verbose_name="first token"),
        ),
        migrations.AddField(
            "usagerecord",
            "latency_ms",
            models.PositiveIntegerField(null=True, verbose_name="duration"),
        ),
    ]
