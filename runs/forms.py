"""What every request sends that lets a model write."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from providers.models import Ability, ModelSpec

NOT_ASKABLE = _("This model cannot be asked. Choose another one.")
OUT_OF_DATE = _("This page is out of date. Reload it and try again.")


class ClientIdForm(forms.Form):
    """A request that may arrive twice: the id its page made, and the model that is to answer.

    That has one of `abilities`.
    """

    client_id = forms.UUIDField(error_messages={"required": OUT_OF_DATE, "invalid": OUT_OF_DATE})
    model = forms.UUIDField(required=False, error_messages={"invalid": NOT_ASKABLE})

    def __init__(
        self,
        user: User,
        last: UUID | None,
        *args: Any,
        abilities: Collection[Ability] = (Ability.CHAT,),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.usable = ModelSpec.objects.usable_by(user).able_to(*abilities)
        self.last = last

    def clean_model(self) -> ModelSpec:
        """Return the chosen model; without a choice the one asked last, else the default."""
        chosen = self.cleaned_data["model"]
        if chosen is not None:
            model = self.usable.filter(pk=chosen).first()
            if model is None:
                raise forms.ValidationError(NOT_ASKABLE)
            return model
        last = self.usable.filter(pk=self.last).first() if self.last else None
        model = last or self.usable.first()
        if model is None:
            raise forms.ValidationError(_("There is no model to ask yet."))
        return model

    def sentence(self) -> str:
        """Return the first thing that is wrong."""
        return next(str(error) for errors in self.errors.values() for error in errors)
