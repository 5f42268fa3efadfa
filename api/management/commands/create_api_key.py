"""Make an API key for somebody and print its secret, for scripts."""

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django import forms
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.api_keys import issue_key
from accounts.errors import AccountError
from accounts.models import User
from api.forms import MOST_DAYS, ScopeForm, models_for


class CommandForm(ScopeForm):
    """What a page asks, with days in the place of a date."""

    days = forms.IntegerField(required=False, min_value=1, max_value=MOST_DAYS)

    @property
    def expires_at(self) -> dt.datetime | None:
        days: int | None = self.cleaned_data["days"]
        return timezone.now() + dt.timedelta(days=days) if days else None


OPTIONS = {  # the form's fields, as they are called here
    "name": "--name",
    "days": "--expires-days",
    "endpoints": "--endpoint",
    "model_names": "--model",
    "networks": "--network",
}


class Command(BaseCommand):
    help = (
        "Make an API key for the person with this e-mail address. The standard output is its "
        "secret and nothing else; it cannot be shown again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True, help="whose key it is")
        parser.add_argument("--name", required=True, help="what it is for")
        parser.add_argument("--expires-days", help="days it works; without it, until revoked")
        many: Any = {"action": "append", "default": []}
        parser.add_argument("--endpoint", **many, help="as chat/completions; repeat it for more")
        parser.add_argument("--model", **many, help="a public name; repeat it for more")
        parser.add_argument("--network", **many, help="as 192.0.2.0/24; repeat it for more")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = _person(options["email"])
        form = CommandForm(
            {
                "name": options["name"],
                "days": options["expires_days"],
                "endpoints": options["endpoint"],
                "model_names": options["model"],
                "networks": "\n".join(options["network"]),
            },
            offered=models_for(owner),
        )
        if not form.is_valid():
            wrong = [f"{OPTIONS[f]}: {' '.join(map(str, e))}" for f, e in form.errors.items()]
            raise CommandError(" ".join(wrong))
        try:
            key, secret = issue_key(owner, form.cleaned_data["name"], form.scope)
        except AccountError as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            until = (
                f"until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "until revoked"
            )
            self.stderr.write(f"Made the key “{key.name}” for {owner}; it works {until}.")
        self.stdout.write(secret)


def _person(email: str) -> User:
    address = email.strip().lower()
    # What cannot be printed (NUL, half a character) cannot be asked of the database either.
    user = User.objects.filter(email=address).first() if address.isprintable() else None
    if user is None:
        raise CommandError(f"Nobody has the e-mail address {address[:100]!r} here.")
    if not user.is_active:
        raise CommandError(f"The account {user} is suspended: it can have no key.")
    return user
