"""Make the administrator that the environment names, or say how to make it in the browser.

`manage.py prepare` runs it before serving.
"""

import os
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts import first
from accounts.actions import ensure_administrator, setup_link
from accounts.models import User


class Command(BaseCommand):
    help = (
        "Make the administrator named by DJANGO_SUPERUSER_EMAIL and DJANGO_SUPERUSER_PASSWORD, "
        "unless there is one already. Where the variables are not set, print the address at "
        "which the first account can be made."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        email = os.environ.get("DJANGO_SUPERUSER_EMAIL", "")
        password = os.environ.get("DJANGO_SUPERUSER_PASSWORD", "")
        if not email and not password:
            if not first.is_made():
                self.stdout.write(f"Make the first account at {setup_link()}")
            return
        if not email or not password:
            raise CommandError(
                "Set both DJANGO_SUPERUSER_EMAIL and DJANGO_SUPERUSER_PASSWORD, or neither."
            )
        if User.objects.administrators().exists():
            return  # nothing is made, so a password that has become too weak does not matter
        try:
            validate_email(email)
            validate_password(password, User(email=email))
        except ValidationError as error:
            raise CommandError(
                f"The administrator was not made: {' '.join(error.messages)}"
            ) from error
        user, made = ensure_administrator(email, password)
        if made and options["verbosity"]:
            self.stdout.write(f"Made the administrator {user.email}.")
