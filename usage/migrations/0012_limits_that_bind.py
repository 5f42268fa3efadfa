from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("usage", "0011_more_ledger_indexes")]

    operations = [
        migrations.AddField(
            "limit",
            "binds_owner",
            models.BooleanField(default=False, db_default=False, editable=False),
        ),
    ]
