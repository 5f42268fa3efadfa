"""By what calls are told apart: on a page, in a query string and in the tables."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """The values are the names in a query string."""

    MODEL = "model", _("model")
    PROVIDER = "provider", _("provider")
    TEAM = "team", _("team")
    PERSON = "person", _("person")
    KEY = "key", _("API key")
    DOOR = "door", _("door")

    @property
    def is_text(self) -> bool:
        """Whether a value is a name; otherwise it is a UUID: a person's is their account's."""
        return self in (Kind.PROVIDER, Kind.DOOR)


# The same column in the ledger and in its sums.
COLUMNS = {
    Kind.MODEL: "model_id",
    Kind.PROVIDER: "provider_name",
    Kind.TEAM: "account__user__teams",
    Kind.PERSON: "account_id",
    Kind.KEY: "key_id",
    Kind.DOOR: "door",
}
