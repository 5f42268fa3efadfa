"""Names that people read. The database is told nothing."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0005_public_names'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='credential',
            options={'ordering': ('created_at', 'id'), 'verbose_name': 'provider key', 'verbose_name_plural': 'provider keys'},
        ),
        migrations.AlterField(
            model_name='credential',
            name='provider',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='credentials', to='providers.provider', verbose_name='provider'),
        ),
        migrations.AlterField(
            model_name='modelspec',
            name='provider',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='specs', to='providers.provider', verbose_name='provider'),
        ),
    ]
