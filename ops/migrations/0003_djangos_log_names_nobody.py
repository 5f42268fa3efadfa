from django.db import migrations

# What people and what is theirs were called stayed here after they had been erased.
_FORGET = """
UPDATE django_admin_log SET object_repr = '', change_message = ''
WHERE content_type_id IN (
    SELECT id FROM django_content_type
    WHERE (app_label, model) IN (('accounts', 'user'), ('accounts', 'apikey'), ('usage', 'limit'))
)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("ops", "0002_entries_stay"),
    ]

    operations = [migrations.RunSQL(_FORGET, migrations.RunSQL.noop)]
