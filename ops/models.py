"""The tables of running the house."""

from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from ops.audit.acts import Act


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

    class Meta:
        verbose_name = _("entry of the audit trail")
        verbose_name_plural = _("audit trail")
        indexes: ClassVar = [
            models.Index(fields=["-created_at"], name="audit_by_time"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["owner", "-id"], name="audit_by_owner"),
            models.Index(fields=["kind", "key", "-id"], name="audit_by_subject"),
            models.Index(fields=["act", "-id"], name="audit_by_act"),
        ]

    def __str__(self) -> str:
        return f"{self.words} ({self.pk})"

    @property
    def words(self) -> Any:
        """What was done, in words; the plain name of an act that this version does not know."""
        return Act(self.act).label if self.act in Act.values else self.act

    @property
    def who(self) -> Any:
        """What the actor is called: their name, a pseudonym once they were erased, or the door."""
        if self.actor_name or self.actor is None:
            return self.actor_name or self.get_door_display()
        return _("person %s") % str(self.actor)[:8]
