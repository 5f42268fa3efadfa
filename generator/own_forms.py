"""The forms of own recipes: fields and labels. What may be kept is said in `own_content`."""

from collections.abc import Mapping
from typing import Any, Self

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from generator.forms import lead_to_first_error
from generator.models import LONGEST_NAME, LONGEST_SUMMARY, OwnRecipe
from generator.models.own import is_administrator
from generator.own_content import KINDS, MOST_VARIABLES, Content
from generator.own_variables import LONGEST_HELP, LONGEST_LABEL, LONGEST_VARIABLE, Asks, Variable
from generator.recipes.base import Task, Words

BARE = {"dir": "auto", "autocomplete": "off"}
# More rows than may be kept are still read, so that nothing is lost with the sentence about it.
MOST_ROWS = 2 * MOST_VARIABLES


def _line(label: Words, longest: int, help_text: Words = "", **attrs: Any) -> forms.CharField:
    widget = forms.TextInput({**BARE, "maxlength": longest, **attrs})
    return forms.CharField(label=label, required=False, help_text=help_text, widget=widget)


def _text(label: Words, rows: int, help_text: Words = "") -> forms.CharField:
    widget = forms.Textarea({"dir": "auto", "rows": rows})
    return forms.CharField(
        label=label, required=False, strip=False, help_text=help_text, widget=widget
    )


class PlainForm(forms.Form):
    """Labels end without a colon; nothing is required before a recipe is saved."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "label_suffix": "", "use_required_attribute": False})


class ContentForm(PlainForm):
    name = _line(_("Name"), LONGEST_NAME)
    summary = _line(_("In one sentence"), LONGEST_SUMMARY)
    task = forms.ChoiceField(label=_("What it is for"), choices=Task, required=False)
    prompt = _text(
        _("Prompt"),
        10,
        _("{{topic}} stands for what is filled in. What people fill in is never read as a prompt."),
    )
    instructions = _text(
        _("Instructions"),
        4,
        _("How the model is to answer whatever is asked; may be left empty and hold variables."),
    )
    kind = forms.ChoiceField(
        label=_("The result is"), choices=[(kind, kind.label) for kind in KINDS], required=False
    )
    temperature = forms.FloatField(
        label=_("Temperature"),
        required=False,
        help_text=_("From 0, always alike, to 2, wild. Left empty, the provider decides."),
        widget=forms.NumberInput({"min": 0, "max": 2, "step": "any", "inputmode": "decimal"}),
    )


# What a row has in words; each may be left empty.
TEXTS = ("name", "asks", "label", "help", "options", "default", "example")


class VariableForm(PlainForm):
    """One row. Its fields are those of `Variable`."""

    name = _line(_("Name"), LONGEST_VARIABLE, spellcheck="false", autocapitalize="none")
    asks = forms.ChoiceField(label=_("Asks for"), choices=Asks, required=False)
    label = _line(_("Label"), LONGEST_LABEL, _("What people read; else the name."))
    help = _line(_("Help"), LONGEST_HELP)
    options = _text(_("Choices, one on each line"), 3)
    least = forms.FloatField(label=_("Smallest"), required=False)
    most = forms.FloatField(label=_("Largest"), required=False)
    default = _text(_("Filled in already"), 1)
    example = _text(_("Example"), 1, _("For the preview."))
    is_required = forms.BooleanField(label=_("Must be filled in"), required=False, initial=True)

    @property
    def is_blank(self) -> bool:
        """Say whether nothing was written in it: then it is as if it were not there."""
        written = (*TEXTS, "least", "most")
        return not any(str(self[name].value() or "").strip() for name in written if name != "asks")

    @property
    def variable(self) -> Variable:
        """Return what was written, as far as it can be read."""
        values: dict[str, Any] = {name: self.cleaned_data.get(name) for name in self.fields}
        values |= {name: values[name] or "" for name in TEXTS}
        return Variable(**{**values, "options": tuple(values["options"].splitlines())})


def shown(variable: Variable) -> dict[str, Any]:
    """Return what a row shows of a variable."""
    return {**variable.kept(), "options": "\n".join(variable.options)}


VariableRows = forms.formset_factory(
    VariableForm, extra=0, max_num=MOST_ROWS, absolute_max=MOST_ROWS
)


class Editor:
    """A recipe while it is written: the form of its content and the rows of its variables.

    `notice` is a sentence about the rows.
    """

    notice = ""

    def __init__(self, form: ContentForm, rows: Any) -> None:
        self.form, self.rows = form, rows

    @classmethod
    def posted(cls, given: Mapping[str, Any]) -> Self:
        rows = VariableRows(given, prefix="variables", form_kwargs={"empty_permitted": False})
        return cls(ContentForm(given), rows)

    @classmethod
    def of(cls, content: Content) -> Self:
        """Return one that shows `content`."""
        first = {**content.columns(), "variables": None}
        rows = [{**each.kept(), "options": "\n".join(each.options)} for each in content.variables]
        return cls(ContentForm(initial=first), VariableRows(initial=rows, prefix="variables"))

    def is_valid(self) -> bool:
        """Say whether all can be read; rows in which nothing was written are no obstacle."""
        return self.form.is_valid() & self.rows.is_valid()

    def content(self) -> Content:
        """Return what was written, as far as it can be read."""
        if not self.form.is_bound:
            return self.posted(self.as_posted()).content()
        self.is_valid()
        read = self.form.cleaned_data
        values: dict[str, Any] = {name: read.get(name) or "" for name in self.form.fields}
        values["temperature"] = read.get("temperature")
        values["variables"] = tuple(row.variable for row in self._written())
        return Content(**values)

    def add(self, error: ValidationError) -> None:
        """Tell each sentence at the field that it is about; see `own_content.place`."""
        told = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: [error]}
        written = self._written()
        for key, sentences in told.items():
            name, _, place = key.partition("-")
            number, _, field = place.partition("-")
            if field:
                written[int(number)].add_error(field, sentences)
            elif name == "variables":
                self.rows.non_form_errors().extend(sentences)
            else:
                self.form.add_error(None if key == NON_FIELD_ERRORS else key, sentences)

    def tell_new(self, names: list[str]) -> None:
        """Say at the last rows that they are new: nothing asked for `names` yet."""
        told = now("Nothing asks for {{%s}} yet. Look at what it asks for here, and save again.")
        for row, name in zip(self.rows.forms[-len(names) :], names, strict=True):
            row.add_error("name", told % name)

    def lead_to_first_error(self) -> None:
        lead_to_first_error(self.form, *self.rows)

    def with_rows(self, rows: list[dict[str, Any]]) -> "Editor":
        """Return one that shows the same with other rows, and says nothing about it yet."""
        first = {name: self.form[name].value() for name in self.form.fields}
        return Editor(ContentForm(initial=first), VariableRows(initial=rows, prefix="variables"))

    def typed(self) -> list[dict[str, Any]]:
        """Return the rows as they were typed."""
        return [{name: row[name].value() for name in row.fields} for row in self.rows]

    def as_posted(self) -> dict[str, Any]:
        """Return what the page would send that shows it."""
        sent = {name: self.form[name].value() for name in self.form.fields}
        sent |= {"variables-TOTAL_FORMS": len(self.rows.forms), "variables-INITIAL_FORMS": 0}
        for row in self.rows:
            sent |= {row[name].html_name: row[name].value() for name in row.fields}
        return sent

    def _written(self) -> list[VariableForm]:
        return [row for row in self.rows if not row.is_blank]


class ShareForm(PlainForm):
    """With whom: nobody, one of the owner's teams, everybody."""

    NOBODY, EVERYBODY = "nobody", "everybody"
    whom = forms.ChoiceField(label=_("Who may use it"), widget=forms.RadioSelect)

    def __init__(self, user: User, recipe: OwnRecipe, *args: Any) -> None:
        now = self.EVERYBODY if recipe.is_for_everybody else str(recipe.team_id or self.NOBODY)
        super().__init__(*args, initial={"whom": now})
        is_own = recipe.owner_id == user.pk
        teams = list(user.teams.all()) if is_own else []
        if recipe.team is not None and recipe.team not in teams:
            teams.append(recipe.team)
        self.teams: dict[str, Team] = {str(team.pk): team for team in teams}
        choices: list[tuple[str, Words]] = []
        if recipe.owner_id is not None:
            choices.append((self.NOBODY, _("Only me") if is_own else _("Only its owner")))
        choices += [(key, team.name) for key, team in self.teams.items()]
        if recipe.is_for_everybody or (is_own and is_administrator(user)):
            choices.append((self.EVERYBODY, _("Everybody here")))
        whom: Any = self.fields["whom"]
        whom.choices = choices

    @property
    def chosen(self) -> dict[str, Any]:
        """Return it as `own_actions.share_recipe` takes it."""
        whom = self.cleaned_data["whom"]
        return {"team": self.teams.get(whom), "is_for_everybody": whom == self.EVERYBODY}

    def told(self) -> str:
        """Return who may use it now."""
        whom = self.cleaned_data["whom"]
        if whom == self.EVERYBODY:
            return now("Everybody here can use the recipe now.")
        if team := self.teams.get(whom):
            return now("The team %s can use the recipe now.") % team.name
        return now("The recipe is its owner's alone now.")
