"""Names that people read. The database is told nothing."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0006_words_for_people'),
        ('usage', '0012_limits_that_bind'),
    ]

    operations = [
        migrations.AlterField(
            model_name='account',
            name='created_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage', to='usage.account', verbose_name='account'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='cached_input_price',
            field=models.DecimalField(decimal_places=6, max_digits=14, null=True, verbose_name='price of cached input'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='cached_tokens',
            field=models.PositiveIntegerField(default=0, verbose_name='cached tokens'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='created_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='begun'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='credential',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='providers.credential', verbose_name='provider key'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='ended_at',
            field=models.DateTimeField(null=True, verbose_name='ended'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='held_input_tokens',
            field=models.PositiveIntegerField(verbose_name='input tokens at most'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='held_output_tokens',
            field=models.PositiveIntegerField(verbose_name='output tokens at most'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='input_price',
            field=models.DecimalField(decimal_places=6, max_digits=14, null=True, verbose_name='price of input'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='lease_expires_at',
            field=models.DateTimeField(null=True, verbose_name='given back, unless renewed'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='output_price',
            field=models.DecimalField(decimal_places=6, max_digits=14, null=True, verbose_name='price of output'),
        ),
        migrations.AlterField(
            model_name='usagerecord',
            name='reasoning_tokens',
            field=models.PositiveIntegerField(default=0, verbose_name='reasoning tokens'),
        ),
    ]
