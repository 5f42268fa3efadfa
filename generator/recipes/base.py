"""What a recipe is: a form, the prompts made of it, and how the answer is read.

Each built-in recipe is one file of this package with one subclass of `Recipe`, registered by
`generator.recipes`. A recipe people made themselves answers to the same methods.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Union

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from boundary.storable import all_storable
from providers.models import Ability

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Values = Mapping[str, Any]
"""What was filled in, by the names of the form's fields: text, numbers, booleans, lists of text."""

Words = Union[str, "_StrPromise"]

# Django's own words for a choice that is none; those of a plain choice repeat what was sent.
_NOT_A_CHOICE = forms.ModelChoiceField.default_error_messages["invalid_choice"]


class Task(TextChoices):
    """What people come for: the groups of the gallery, in its order."""

    WRITE = "write", _("Write")
    MARKETING = "marketing", _("Sell and announce")
    CHANGE = "change", _("Change a text")
    UNDERSTAND = "understand", _("Understand a text")
    CODE = "code", _("Code")
    FREE = "free", _("Free form")


class Kind(TextChoices):
    """How a result is shown, and what it is when it is copied."""

    MARKDOWN = "markdown", _("formatted text")
    PLAIN = "plain", _("plain text")
    TABLE = "table", _("table")


class Join(TextChoices):
    """What becomes of the answers to a material's parts."""

    NOTES = "notes"  # they are read in the material's place, until all fits into one answer
    END_TO_END = "end_to_end"  # one after the other they are the result
    LINES = "lines"  # the same, and no part ends within a line


class Problem(TextChoices):
    """What is wrong with an answer that came whole. Its words are shown beside it."""

    EMPTY = "empty", _("The model answered with nothing.")
    ECHO = "echo", _("The model repeated the request instead of answering it.")
    NOT_JSON = "not_json", _("The model did not keep to the form it was asked for.")
    LANGUAGE = "language", _("The model answered in another language.")
    LOST_MARKS = "lost_marks", _("The model lost placeholders or marks of the text.")
    QUOTE = "quote", _("A quotation is not in the text word for word.")


class Misread(Exception):
    """An answer is not what the recipe asked for; `told` is what the model hears of it when it is
    asked once more.
    """

    def __init__(self, problem: Problem, told: str) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.told = told


@dataclass(frozen=True, slots=True)
class Ask:
    """What one call sends. `None` leaves a parameter to the provider.

    `completes`: the text of `user` is gone on with, there is no talk. `schema` is a JSON schema
    that the answer must keep to; servers that can are told so. `max_tokens` lowers the model's
    own cap.
    """

    user: str
    system: str = ""
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = None
    schema: dict[str, Any] | None = None
    completes: bool = False

    def told(self, what: str) -> "Ask":
        """Return it with `what` was wrong with an earlier answer; a text that is gone on with has
        no place for that.
        """
        if self.completes:
            return self
        return replace(self, user=f"{self.user}\n\n{what}")


class RecipeForm(forms.Form):
    """The fields of a recipe. Its cleaned values can be written as JSON.

    As a draft it is not sent yet: one field is looked at, and nothing is read or fetched. With the
    values that were made of it `earlier`, what it names is not fetched once more. `suggestions` are
    lists that a text field may name by its `list` attribute; of the fields `one_of` one is to be
    filled in. `only_with` names fields that are of use only where another one has a value, and
    both.
    """

    suggestions: ClassVar[Mapping[str, Sequence[str]]] = {}
    one_of: ClassVar[Sequence[str]] = ()
    only_with: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def __init__(
        self, *args: Any, is_draft: bool = False, earlier: Values | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})
        self.is_draft = is_draft
        self.earlier = earlier or {}
        for field in self.fields.values():
            if "invalid_choice" in field.error_messages:
                field.error_messages["invalid_choice"] = _NOT_A_CHOICE

    def clean(self) -> dict[str, Any]:
        """Return what can be kept, with the line ends of a text, not those of a form.

        A request in another encoding can hold half a letter.
        """
        values = super().clean() or self.cleaned_data
        values.update({name: all_storable(_unix(value)) for name, value in values.items()})
        return values


def _unix(value: Any) -> Any:
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


class Recipe:
    """See the module. Instances hold nothing but what describes the recipe.

    With `material` (the name of a field that holds a text) a text that does not fit into the
    model's context is read in parts: see `ask_part` and `Join`.
    """

    slug: str = ""
    task: Task = Task.WRITE
    name: Words = ""
    summary: Words = ""
    words: Words = ""  # by which people look for it, beside those of name and summary
    kind: Kind = Kind.MARKDOWN
    Form: type[RecipeForm] = RecipeForm
    material: ClassVar[str] = ""
    join: ClassVar[Join] = Join.NOTES
    is_outline: ClassVar[bool] = False  # of an article, which is written from there
    is_own: ClassVar[bool] = False  # people wrote its prompts
    abilities: ClassVar[Sequence[Ability]] = (Ability.CHAT,)  # of its models, one of these

    def title(self, values: Values) -> str:
        """Return what the work is called in lists: where its text is from, else what came first."""
        if source := values.get("source"):
            return str(source)
        texts = (value for value in values.values() if isinstance(value, str) and value.strip())
        return " ".join(next(texts, "").split()) or str(self.name)

    def ask(self, values: Values, material: str = "", *, is_notes: bool = False) -> Ask:
        """Return what makes the result.

        `material` is the text of the field that `self.material` names; with `is_notes` it was too
        long and these are the answers to its parts.
        """
        raise NotImplementedError

    def ask_part(self, values: Values, part: str, number: int, count: int) -> Ask:
        """Return what is asked of the `number`th of `count` parts of a long material, from 1."""
        raise NotImplementedError

    def read(self, values: Values, text: str) -> str:
        """Return the result that `text`, an answer, holds. Raises `Misread`."""
        return text

    def joining(self, values: Values) -> Join:
        """Return what becomes of the answers to the material's parts."""
        return self.join

    def read_part(self, values: Values, text: str, part: str) -> str:
        """Return what is kept of an answer to `part`, where the answers end to end are the result.

        Raises `Misread`.
        """
        return text

    def misread_part(self, text: str) -> str:
        """Return what is kept of an answer to a part that was misread again."""
        return text

    def joined(self, values: Values, kept: Sequence[str]) -> str:
        """Return the result that was `kept` of the parts.

        Each ends with the space that its part ends with.
        """
        return "".join(kept).strip()
