"""Which steps lead to a result, and what each of them asks."""

from collections.abc import Iterable

from generator.models import Step, Variant, Work
from generator.own import recipe_of
from generator.parts import groups, split
from generator.recipes.base import Ask, Join, Recipe
from providers.models import Ability, ModelSpec
from providers.tokens import FRAMING, count, input_bound
from providers.values import Prompt, Turn

_COMPLETE = (
    "Go on with the user's text exactly where it ends. Do not repeat it, answer it or comment on "
    "it: write only what comes next."
)


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


def first_steps(variant: Variant, recipe: Recipe, model: ModelSpec) -> list[Step]:
    """Return the steps that a variant begins with, unsaved: one, or those that read the parts."""
    values = variant.work.values
    material = _material(recipe, values)
    whole = recipe.ask(values, material)
    how = recipe.joining(values)
    grows = how is not Join.NOTES  # the answer is about as long as what it reads
    is_short = not grows or count(material, model) <= _answered_whole(whole, model)
    if not material or (is_short and _fits(whole, model)):
        return [Step(variant=variant, end=len(material))]
    room = _room(recipe, variant.work, model)
    if grows:
        room = min(room, _answered_whole(whole, model))
    parts = split(material, room, lambda text: count(text, model), by_lines=how is Join.LINES)
    return [
        Step(variant=variant, position=place, start=start, end=end, is_last=False)
        for place, (start, end) in enumerate(parts)
    ]


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
        for place, (start, end) in enumerate(groups(sizes, _room(recipe, work, model)))
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


def _material(recipe: Recipe, values: dict[str, object]) -> str:
    return str(values.get(recipe.material, "")) if recipe.material else ""


def _fits(ask: Ask, model: ModelSpec) -> bool:
    prompt = prompt_of(ask, model)
    return input_bound(prompt, model) + prompt.max_tokens <= model.context_window


def _answered_whole(ask: Ask, model: ModelSpec) -> int:
    """Return how many tokens can be answered with as many again; another language takes more."""
    return max(prompt_of(ask, model).max_tokens // 2, 16)


def _room(recipe: Recipe, work: Work, model: ModelSpec) -> int:
    """Return how many tokens of a material one step can read, beside its instructions."""
    prompt = prompt_of(recipe.ask_part(work.values, "", 999, 999), model)
    left = model.context_window - prompt.max_tokens - input_bound(prompt, model) - FRAMING
    return max(left, 16)
