from django.db import migrations
from django.utils.text import slugify


def name_each_once(apps, schema_editor):
    """The first of a name gets it; a later one the provider's name before it."""
    specs = apps.get_model("providers", "ModelSpec").objects.select_related("provider")
    taken = set()
    for spec in specs.order_by("created_at", "pk").iterator():
        wanted = [spec.name, f"{slugify(spec.provider.name) or 'provider'}/{spec.name}"]
        free = (name[:200] for name in wanted if name[:200] not in taken)
        spec.public_name = next(free, f"{spec.pk}")
        taken.add(spec.public_name)
        spec.save(update_fields=["public_name"])


def leave_one_key_of_a_name(apps, schema_editor):
    """Keys that were rotated out are kept, but the code before this never uses them."""
    credentials = apps.get_model("providers", "Credential").objects
    for each in credentials.exclude(retires_at=None).iterator():
        name = f"{each.name[:80]} {each.pk.hex[:8]}"
        credentials.filter(pk=each.pk).update(name=name, is_enabled=False)


class Migration(migrations.Migration):
    dependencies = [("providers", "0004_routes_teams_and_key_pools")]

    operations = [migrations.RunPython(name_each_once, leave_one_key_of_a_name)]
