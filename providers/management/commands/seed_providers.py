import os
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from providers.seeding import seed_embedded, seed_from_environment


class Command(BaseCommand):
    help = "Add the embedded model and the provider named by OPENAI_API_KEY, each once."

    def handle(self, *args: Any, **options: Any) -> None:
        embedded = seed_embedded()
        if embedded and options["verbosity"] > 1:
            self.stdout.write(f"Embedded model at {embedded.base_url}")
        try:
            added = seed_from_environment(dict(os.environ))
        except ValidationError as error:
            raise CommandError(f"OPENAI_BASE_URL or OPENAI_MODEL: {error.messages}") from None
        if added:
            self.stdout.write(f"Added {added.name} with {added.specs.count()} models")
