"""Recipes that people make themselves, and their versions."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import MD5, Cast, Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from generator.recipes.base import Kind, Task

LONGEST_NAME = 80
LONGEST_SUMMARY = 200


def with_the_owner(collector, field, recipes, using):
    """Delete what was the owner's; what is for everybody is the house's, and only loses a name."""
    models.CASCADE(collector, field, recipes.filter(is_for_everybody=False), using)
    models.SET_NULL(collector, field, recipes.filter(is_for_everybody=True), using)


def is_administrator(user: User) -> bool:
    """Say whether `user` looks after the recipes that are for everybody."""
    return user.is_staff and user.has_perm("generator.change_ownrecipe")


class OwnRecipeQuerySet(models.QuerySet["OwnRecipe"]):
    def visible_to(self, user: User) -> Self:
        """Return the recipes `user` may use and read: own, of their teams, everybody's."""
        teams = Team.objects.filter(members=user.pk)
        return self.filter(Q(owner_id=user.pk) | Q(is_for_everybody=True) | Q(team__in=teams))

    def changeable_by(self, user: User) -> Self:
        """Return one's own; those that are for everybody are the administrators'."""
        own = Q(owner_id=user.pk, is_for_everybody=False)
        return self.filter(own | Q(is_for_everybody=True) if is_administrator(user) else own)

    def manageable_by(self, user: User) -> Self:
        """Return those `user` may delete or stop sharing: administrators, whatever is shared.

        That opens neither their prompts nor what was made with them.
        """
        if not is_administrator(user):
            return self.changeable_by(user)
        return self.filter(Q(owner_id=user.pk) | Q(is_for_everybody=True) | ~Q(team=None))

    def matching(self, query: str) -> Self:
        """Return those whose name or summary holds each word of `query`."""
        found = self
        for word in query.replace("\x00", "").split():
            found = found.filter(
                Q(current__name__icontains=word) | Q(current__summary__icontains=word)
            )
        return found

    def listed(self) -> Self:
        """Join what a list shows; prompts and variables stay where they are."""
        of_a_list = ("current__number", "current__name", "current__summary", "current__task")
        recipe = ("owner", "team", "is_for_everybody", "created_at", "updated_at", "current")
        return self.select_related("current", "owner", "team").only(
            *recipe, *of_a_list, "owner__name", "owner__email", "team__name"
        )

    def measured(self) -> Self:
        """Annotate how many versions there were, `newest`, and `shared_name`: empty where nobody
        but the owner is to read it.
        """
        is_private = Q(team=None, is_for_everybody=False)
        name = Case(When(is_private, then=Value("")), default=F("current__name"))
        return self.annotate(shared_name=name, newest=F("current__number"))


class OwnRecipe(models.Model):
    """A recipe somebody made. What it is called and asks is in its versions.

    Shared with one team or with everybody; without an owner it is everybody's.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=with_the_owner, related_name="own_recipes"
    )
    current = models.OneToOneField(
        "generator.RecipeVersion", on_delete=models.RESTRICT, related_name="+"
    )
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="own_recipes",
        verbose_name=_("shared with the team"),
    )
    is_for_everybody = models.BooleanField(_("for everybody"), default=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("changed"), db_default=Now())

    objects = OwnRecipeQuerySet.as_manager()

    class Meta:
        verbose_name = _("own recipe")
        verbose_name_plural = _("own recipes")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(team=None) | Q(is_for_everybody=False), name="generator_shared_once"
            ),
            models.CheckConstraint(
                condition=~Q(owner=None) | Q(is_for_everybody=True), name="generator_has_an_owner"
            ),
        ]

    def __str__(self) -> str:
        # As with saved prompts: logs and the audit trail do not say what a person wrote.
        return f"recipe {self.pk}"

    @property
    def is_shared(self) -> bool:
        return self.is_for_everybody or self.team_id is not None


class RecipeVersionQuerySet(models.QuerySet["RecipeVersion"]):
    def visible_to(self, user: User) -> Self:
        """Return the current ones of visible recipes, and all of those `user` may change.

        What somebody took out before they shared a recipe is not shown to those it is shared with.
        """
        current = OwnRecipe.objects.visible_to(user).values("current")
        changeable = OwnRecipe.objects.changeable_by(user).values("pk")
        return self.filter(Q(pk__in=current) | Q(recipe__in=changeable))

    def listed(self) -> Self:
        """Leave the texts where they are; a fingerprint tells whether they changed."""
        texts = {
            "prompt_print": MD5("prompt"),
            "instructions_print": MD5("instructions"),
            "variables_print": MD5(Cast("variables", models.TextField())),
        }
        listed = self.select_related("author").annotate(**texts)
        return listed.defer("prompt", "instructions", "variables")


class RecipeVersion(models.Model):
    """What a recipe was from one saving to the next. Its row never changes.

    `variables` is what `generator.own_variables` writes and reads.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipe = models.ForeignKey(OwnRecipe, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    summary = models.CharField(_("summary"), max_length=LONGEST_SUMMARY, blank=True)
    task = models.CharField(_("task"), max_length=12, choices=Task)
    instructions = models.TextField(_("instructions"), blank=True)
    prompt = models.TextField(_("prompt"))
    variables = models.JSONField(_("variables"), default=list)
    kind = models.CharField(_("kind of result"), max_length=10, choices=Kind)
    temperature = models.FloatField(_("temperature"), null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = RecipeVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["recipe", "number"], name="generator_version_number")
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.recipe_id}"
