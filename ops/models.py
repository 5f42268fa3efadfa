"""The tables of running the house."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from ops.audit.acts import Act

_LONGEST_ACT = dt.timedelta(days=1)


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def of_object(self, kind: str, key: str) -> Self:
        """Return what was done to one object, named as its entries do."""
        return self.filter(kind=kind, key=key)

    def within(self, begin: dt.datetime | None, end: dt.datetime | None) -> Self:
        """Return what was done from one moment to before another, by the order of numbers.

        An entry has its number from when it was written and its time from when its transaction
        began, which is less than a day before: whatever is numbered below an entry of a day
        earlier, or above one of a day later, cannot be within. So all else that narrows the trail
        goes on being read newest first, by its index. The two numbers are looked up first, so
        that the database plans with them.
        """
        found, numbers = self, self.model.objects.values_list("pk", flat=True)
        if begin:
            found = found.filter(created_at__gte=begin)
            earlier = numbers.filter(created_at__lt=begin - _LONGEST_ACT)
            if (number := earlier.order_by("-created_at").first()) is not None:
                found = found.filter(pk__gt=number)
        if end:
            found = found.filter(created_at__lt=end)
            later = numbers.filter(created_at__gte=end + _LONGEST_ACT)
            if (number := later.order_by("created_at").first()) is not None:
                found = found.filter(pk__lt=number)
        return found

    def about(self, people: Iterable[UUID], words: str) -> Self:
        """Return what these people did, what was done to them or theirs, and what is called so.

        Names are found by how they begin, in either case.
        """
        name = words.replace("\x00", "").strip().lower()
        them, called = list(people), Q(name_in_lower__startswith=name)
        named = self.alias(name_in_lower=Lower("subject_name"))
        return named.filter(Q(actor__in=them) | Q(owner__in=them) | called)


class AuditEntry(models.Model):
    """One act: who did what to which object, by which door and from where.

    `actor` and `owner` are people's ids: of who acted, and of whose the object is, so that its name
    may tell of them. They stay when somebody is erased, as pseudonyms; `actor_name`,
    `subject_name`, `address` and `browser` are emptied then (see `ops.audit.trail.forget`). The
    database allows that change of a row alone. `details` hold neither secrets nor what tells of a
    person: a changed setting by name, as `[old, new]`.
    """

    class Door(models.TextChoices):
        WEB = "web", _("browser")
        COMMAND = "command", _("command")
        HOUSE = "house", _("by itself")

    created_at = models.DateTimeField(_("time"), db_default=Now(), editable=False)
    act = models.CharField(_("act"), max_length=40)
    actor = models.UUIDField(null=True)
    actor_name = models.CharField(_("who"), max_length=254, blank=True)
    # The object: its model's label and its key, as text.
    kind = models.CharField(_("kind"), max_length=40, blank=True)
    key = models.CharField(max_length=40, blank=True)
    owner = models.UUIDField(null=True)
    subject_name = models.CharField(_("object"), max_length=254, blank=True)
    door = models.CharField(_("by"), max_length=8, choices=Door)
    address = models.GenericIPAddressField(_("address"), null=True)
    browser = models.CharField(_("browser"), max_length=200, blank=True)
    details = models.JSONField(_("details"), default=dict, encoder=DjangoJSONEncoder)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the audit trail")
        verbose_name_plural = _("audit trail")
        indexes: ClassVar = [
            models.Index(fields=["-created_at"], name="audit_by_time"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["owner", "-id"], name="audit_by_owner"),
            models.Index(fields=["kind", "key", "-id"], name="audit_by_subject"),
            models.Index(fields=["act", "-id"], name="audit_by_act"),
            models.Index(fields=["kind", "-id"], name="audit_by_kind"),
            models.Index(fields=["door", "-id"], name="audit_by_door"),
            models.Index(
                OpClass(Lower("subject_name"), "varchar_pattern_ops"),
                F("id").desc(),
                name="audit_by_subject_name",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.words} ({self.pk})"

    @property
    def words(self) -> Any:
        """What was done, in words; the plain name of an act that this version does not know."""
        return Act(self.act).label if self.act in Act.values else self.act

    @property
    def who(self) -> Any:
        """What the actor is called: by name, by a pseudonym once erased, else by what acted."""
        if self.actor_name or self.actor is None:
            return self.actor_name or _NOBODY.get(self.door, self.door)
        return _("person %s") % str(self.actor)[:8]

    @property
    def what(self) -> Any:
        """What it was done to is called: its name, or a pseudonym where that was emptied."""
        if self.subject_name or self.kind != settings.AUTH_USER_MODEL.lower():
            return self.subject_name or self.key[:8]
        return _("person %s") % self.key[:8]


_NOBODY: dict[str, Any] = {
    AuditEntry.Door.WEB: _("nobody signed in"),
    AuditEntry.Door.COMMAND: _("a command"),
    AuditEntry.Door.HOUSE: _("the house"),
}
