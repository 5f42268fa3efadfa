"""Everybody has an address to sign in with; whoever lost it gets back what can be found."""

from typing import Any

from django.db import migrations, models
from django.db.models import Exists, OuterRef


def find_lost(apps: Any, schema_editor: Any) -> None:
    """Give the address that was asked for; else one that is nobody's, so that an administrator
    finds the account. Nobody, or one person: addresses differ."""
    User = apps.get_model("accounts", "User")
    EmailAddress = apps.get_model("account", "EmailAddress")
    for user in User.objects.filter(email=""):
        theirs = EmailAddress.objects.filter(user_id=user.pk)
        free = theirs.exclude(Exists(User.objects.filter(email=OuterRef("email"))))
        found = free.order_by("-verified", "-pk").values_list("email", flat=True).first()
        User.objects.filter(pk=user.pk).update(email=found or f"{user.pk}@lost.invalid")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_api_keys"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        migrations.RunPython(find_lost, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", ""), _negated=True), name="user_email_is_not_empty"
            ),
        ),
    ]
