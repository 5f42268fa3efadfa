from django.db import migrations, models


class Migration(migrations.Migration):
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
    ]
