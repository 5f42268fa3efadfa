"""Which steps lead to a result, and what each of them asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from generator.models import Step, Variant, Work
from generator.own import recipe_of
from generator.parts import groups, split
from generator.recipes.base import Ask, Join, Recipe, Values
from providers.models import Ability, ModelSpec
from providers.tokens import FRAMING, count, input_bound
from providers.values import Prompt, Turn

MOST_PARTS = 1000  # of a text: each is a call to the model
LEAST_ROOM = 16  # tokens of a part

_COMPLETE = (
    "Go on with the user's text exactly where it ends. Do not repeat it, answer it or comment on "
    "it: write only what comes next."
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a variant begins with: one step that reads all and makes the result, or one for each
    part. `ranges` are code points of the material.
    """

    ranges: Sequence[tuple[int, int]]
    is_whole: bool

    def steps(self, variant: Variant) -> list[Step]:
        """Return the steps of a variant, unsaved."""
        return [
            Step(variant=variant, position=place, start=start, end=end, is_last=self.is_whole)
            for place, (start, end) in enumerate(self.ranges)
        ]


def prompt_of(ask: Ask, model: ModelSpec, prefix: str = "") -> Prompt:
    """Return what is sent to `model`; with a `prefix` the answer goes on from there.

    A model that only talks is told to go on with a text that is to be completed.
    """
    completes = ask.completes and Ability.COMPLETIONS in model.abilities
    system = _COMPLETE if ask.completes and not completes else ask.system
    if completes:
        turns = [Turn("user", ask.user + prefix)]
    else:
        turns = [Turn("system", system)] if system else []
        turns.append(Turn("user", ask.user))
        if prefix:
            turns.append(Turn("assistant", prefix))
    return Prompt(
        turns=tuple(turns),
        max_tokens=min(ask.max_tokens or model.max_output_tokens, model.max_output_tokens),
        temperature=ask.temperature,
        stop=ask.stop,
        may_be_shorter=True,
        top_p=ask.top_p,
        seed=ask.seed,
        presence_penalty=ask.presence_penalty,
        frequency_penalty=ask.frequency_penalty,
        schema=ask.schema,
        completes=completes,
    )


def ask_of(step: Step, model: ModelSpec) -> Ask:
    """Return what the step asks. Reads the answers below it."""
    work = step.variant.work
    recipe = recipe_of(work)
    text = read_by(step)
    if step.is_last:
        return recipe.ask(work.values, text, is_notes=step.level > 0)
    beside = step.variant.steps.filter(level=step.level).count()
    return recipe.ask_part(work.values, text, step.position + 1, beside)


def beginning(recipe: Recipe, values: Values, model: ModelSpec) -> Beginning:
    """Return what the results of a form begin with.

    Raises `ValidationError` where `model` reads so little at once that the parts are too many.
    """
    material = _material(recipe, values)
    whole = recipe.ask(values, material)
    how = recipe.joining(values)
    grows = how is not Join.NOTES  # the answer is about as long as what it reads
    is_short = not grows or count(material, model) <= _answered_whole(whole, model)
    if not material or (is_short and _fits(whole, model)):
        return Beginning([(0, len(material))], is_whole=True)
    room = _room(recipe, values, model)
    if grows:
        room = min(room, _answered_whole(whole, model))
    if room < LEAST_ROOM or count(material, model) > MOST_PARTS * room:
        raise _too_long()
    parts = split(material, room, lambda text: count(text, model), by_lines=how is Join.LINES)
    if len(parts) > MOST_PARTS:
        raise _too_long()
    return Beginning(parts, is_whole=False)


def _too_long() -> ValidationError:
    return ValidationError(
        _(
            "The text is too long for this model, which reads little at once. Choose another "
            "model, or a shorter text."
        ),
        code="too_many_parts",
    )


def next_steps(variant: Variant, below: list[Step], model: ModelSpec) -> list[Step]:
    """Return the steps of the next level, unsaved: the last one where all notes fit into it."""
    work = variant.work
    recipe = recipe_of(work)
    level = below[0].level + 1
    notes = joined(step.text for step in below)
    if len(below) == 1 or _fits(recipe.ask(work.values, notes, is_notes=True), model):
        return [Step(variant=variant, level=level, end=len(below))]
    sizes = [count(step.text, model) + 2 for step in below]
    return [
        Step(variant=variant, level=level, position=place, start=start, end=end, is_last=False)
        for place, (start, end) in enumerate(groups(sizes, _room(recipe, work.values, model)))
    ]


def put_together(recipe: Recipe, work: Work, steps: Iterable[Step]) -> str:
    """Return the result that the answers to the parts are, end to end."""
    material = _material(recipe, work.values)
    kept = []
    for step in steps:
        part = material[step.start : step.end]
        kept.append(step.text.strip() + part[len(part.rstrip()) :])
    return recipe.joined(work.values, kept)


def read_by(step: Step) -> str:
    """Return the text that the step reads: of a material, or the answers below it."""
    if step.level == 0:
        values = step.variant.work.values
        return _material(recipe_of(step.variant.work), values)[step.start : step.end]
    below = step.variant.steps.filter(
        level=step.level - 1, position__gte=step.start, position__lt=step.end
    )
    return joined(below.order_by("position").values_list("text", flat=True))


def joined(texts: Iterable[str]) -> str:
    return "\n\n".join(text.strip() for text in texts if text.strip())


def _material(recipe: Recipe, values: Values) -> str:
    return str(values.get(recipe.material, "")) if recipe.material else ""


def _fits(ask: Ask, model: ModelSpec) -> bool:
    prompt = prompt_of(ask, model)
    return input_bound(prompt, model) + prompt.max_tokens <= model.context_window


def _answered_whole(ask: Ask, model: ModelSpec) -> int:
    """Return how many tokens can be answered with as many again; another language takes more."""
    return max(prompt_of(ask, model).max_tokens // 2, 16)


def _room(recipe: Recipe, values: Values, model: ModelSpec) -> int:
    """Return how many tokens of a material one step can read, beside its instructions.

    Where these leave none it is below zero.
    """
    prompt = prompt_of(recipe.ask_part(values, "", 999, 999), model)
    return model.context_window - prompt.max_tokens - input_bound(prompt, model) - FRAMING
