"""What the chat's pages send. The rules are those of `chat.actions`."""

from django import forms
from django.utils.translation import gettext_lazy as _

from chat import actions
from chat.models import TITLE_LENGTH, Conversation
from runs.forms import ClientIdForm


class MessageForm(ClientIdForm):
    """A question."""

    text = forms.CharField(strip=False, required=False)

    def clean_text(self) -> str:
        return actions.clean_text(self.cleaned_data["text"])


class TitleForm(forms.ModelForm):
    class Meta:
        model = Conversation
        fields = ("title",)
        labels = {"title": _("Title")}
        widgets = {"title": forms.TextInput({"maxlength": TITLE_LENGTH, "autofocus": True})}
