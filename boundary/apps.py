from django.apps import AppConfig
from django.core import checks


class BoundaryConfig(AppConfig):
    name = "boundary"

    def ready(self) -> None:
        from boundary.checks import admin_shows_no_secret

        checks.register(admin_shows_no_secret, checks.Tags.admin)
