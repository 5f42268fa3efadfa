"""What is sent of an outline, of a section's text, and of what stands around an article."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from boundary.storable import all_storable
from generator.articles.planning import LEAST_WORDS, MOST_WORDS
from generator.articles.reading import LONGEST_KEYWORDS, LONGEST_SUMMARY
from generator.models import LONGEST_TITLE, Act
from generator.models.article import LONGEST_SEO_DESCRIPTION, LONGEST_SEO_TITLE
from generator.recipes.outlines import LONGEST_HEADING, LONGEST_NOTES
from runs.forms import OUT_OF_DATE, ClientIdForm

LONGEST_SECTION = 200_000  # code points
LONGEST_INSTRUCTION = 1000
REWRITES = [(act.value, act.label) for act in Act if act not in (Act.EDIT, Act.MEND, Act.DETAILS)]


class _StorableForm(forms.Form):
    """Its text can be kept: line ends are those of a text, and half a letter is replaced."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        for name, value in values.items():
            text = value.replace("\r\n", "\n") if isinstance(value, str) else value
            values[name] = all_storable(text)
        return values


class RowForm(_StorableForm):
    """A section of an outline; its prefix is the section's id."""

    heading = forms.CharField(
        label=_("Heading"),
        max_length=LONGEST_HEADING,
        widget=forms.TextInput({"dir": "auto", "autocomplete": "off"}),
    )
    notes = forms.CharField(
        label=_("What it covers"),
        required=False,
        max_length=LONGEST_NOTES,
        widget=forms.Textarea({"dir": "auto", "rows": 2}),
    )
    words = forms.IntegerField(label=_("Words"), min_value=LEAST_WORDS, max_value=MOST_WORDS)


class TextForm(_StorableForm):
    """A section's text, and the version that was edited."""

    text = forms.CharField(
        label=_("Text"),
        required=False,
        strip=False,
        validators=[MaxLengthValidator(LONGEST_SECTION)],
        widget=forms.Textarea({"dir": "auto", "rows": 24}),
    )
    version = forms.UUIDField(
        required=False, widget=forms.HiddenInput, error_messages={"invalid": OUT_OF_DATE}
    )


class DetailsForm(_StorableForm):
    """What stands around an article. Each field is sent with what was in it, so that only what was
    changed is kept: a model may have found the rest meanwhile.
    """

    title = forms.CharField(label=_("Title"), max_length=LONGEST_TITLE)
    summary = forms.CharField(
        label=_("Summary"),
        required=False,
        max_length=LONGEST_SUMMARY,
        widget=forms.Textarea({"dir": "auto", "rows": 4}),
    )
    seo_title = forms.CharField(
        label=_("Title for search engines"),
        required=False,
        max_length=LONGEST_SEO_TITLE,
        help_text=_("They show about 60 letters."),
    )
    seo_description = forms.CharField(
        label=_("Description for search engines"),
        required=False,
        max_length=LONGEST_SEO_DESCRIPTION,
        help_text=_("They show about 155 letters."),
        widget=forms.Textarea({"dir": "auto", "rows": 3}),
    )
    keywords = forms.CharField(
        label=_("Keywords"),
        required=False,
        max_length=LONGEST_KEYWORDS,
        help_text=_("between commas"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.show_hidden_initial = True

    @property
    def changes(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in self.changed_data}


class RewriteForm(ClientIdForm):
    """What a model is to do with a section."""

    act = forms.ChoiceField(choices=REWRITES)
    instruction = forms.CharField(required=False, max_length=LONGEST_INSTRUCTION)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        values["instruction"] = all_storable(values.get("instruction", ""))
        if values.get("act") == Act.ASKED and not values["instruction"]:
            raise forms.ValidationError(_("Say how it is to be changed."), code="required")
        return values
