"""Saved prompts: texts a person keeps to use again, with gaps to fill in."""

import re
import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Left, Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from assistants.variables import Variable, variables

LONGEST_NAME = 80
LONGEST_COMMAND = 40
EXCERPT = 140  # code points


class SavedPromptQuerySet(models.QuerySet["SavedPrompt"]):
    def visible_to(self, user: User) -> Self:
        """Return the prompts `user` may read, use and change: their own."""
        return self.filter(owner_id=user.pk)

    def matching(self, query: str) -> Self:
        """Return those whose command, name or text holds `query`, the closest first.

        A leading `/` is how a command is typed and not part of it.
        """
        query = query.strip().removeprefix("/").replace("\x00", "")
        if not query:
            return self.order_by("command")
        found = self.filter(
            Q(command__icontains=query) | Q(name__icontains=query) | Q(text__icontains=query)
        )
        closeness = Case(
            When(command__istartswith=query, then=Value(0)),
            When(name__icontains=query, then=Value(1)),
            When(command__icontains=query, then=Value(1)),
            default=Value(2),
        )
        return found.order_by(closeness, "command")

    def listed(self) -> Self:
        """Leave the texts where they are, but for their beginnings."""
        return self.defer("text").annotate(beginning=Left("text", EXCERPT * 2))


class SavedPrompt(models.Model):
    """A prompt kept under a name and a command, which is typed after `/` in the composer.

    See `assistants.variables` for what may stand in `text`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_prompts"
    )
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    command = models.CharField(_("command"), max_length=LONGEST_COMMAND)
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("changed"), db_default=Now())

    objects = SavedPromptQuerySet.as_manager()
    beginning: str  # annotated by `listed`

    class Meta:
        verbose_name = _("saved prompt")
        verbose_name_plural = _("saved prompts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "command"], name="assistants_one_prompt_per_command"
            )
        ]

    def __str__(self) -> str:
        # Logs and the administration name a prompt without saying what a person wrote.
        return f"prompt {self.pk}"

    @property
    def variables(self) -> list[Variable]:
        return variables(self.text)

    @property
    def excerpt(self) -> str:
        """The beginning of a listed prompt's text on one line."""
        start = re.sub(r"\s+", " ", self.beginning).strip()
        return start if len(start) <= EXCERPT else start[: EXCERPT - 1].rstrip() + "…"
