"""A person's recipes and works, for the pictures."""

import uuid

from accounts.models import Team, User
from generator.actions import make_work, pick_variant
from generator.articles.keeping import add_version
from generator.models import Act, Article, OwnRecipe, Step, Variant, Work
from generator.own_actions import create_recipe, share_recipe
from generator.own_content import Content
from generator.own_variables import Variable
from generator.recipes import built_in
from providers.models import ModelSpec
from runs.actions import finish
from runs.claims import claim
from runs.states import State
from tests.generator import newsroom
from tests.generator.readers import filled

IDEA = "A lighthouse keeper finds a letter that is addressed to the sea."
STORIES = [
    "# The letter\n\nThe envelope lay on the third step, dry in spite of the storm. *To the sea*, "
    "it said, in a hand that leaned into the wind.\n\nMarin turned it over. Nobody came out here "
    "in March, nobody who wrote with ink. She held it to the lamp and saw one line.\n\nThat night "
    "she read it aloud from the gallery. Below her the water went quiet, as people do when they "
    "listen.\n\n“It says you may keep the boat,” she called. “But he would like the name back.”",
    "# Return to sender\n\nFor thirty years Odo had lit the lamp and written the log: *wind, west; "
    "ships, none.* On the day the letter came he added a third word.\n\nIt was addressed to the "
    "sea, and the sea had sent it back. **Not known at this depth**, said the stamp.\n\nOdo boiled "
    "water, softened the flap, and found his own hand, forty years younger, asking.",
]
TITLES = [
    ("summary", "Report on the restoration of the old harbour, 2026"),
    ("translation", "Terms of delivery for the spring catalogue"),
    ("email", "Ask the printer for a second proof"),
    ("code-tests", "parse_interval()"),
]


def write(variant: Variant, text: str) -> None:
    """End a result's Run with `text`."""
    step = Step.objects.get(variant=variant, is_last=True)
    run = claim(step.run_id, "pictures")
    assert run is not None
    assert finish(run, State.DONE, text=text, finish_reason="stop")


def story(person: User, model: ModelSpec) -> Work:
    work = make_work(person, built_in["story"], filled("story", idea=IDEA), model, uuid.uuid4(), 2)
    for variant, text in zip(work.variants.order_by("number"), STORIES, strict=True):
        write(variant, text)
    pick_variant(work.variants.get(number=1))
    return work


def works(person: User, model: ModelSpec) -> None:
    for slug, title in TITLES:
        Work.objects.create(owner=person, recipe=slug, title=title, client_id=uuid.uuid4())
    story(person, model)


PLAN = [
    ("The sun as a compass", "How bees read the angle of the sun, and what they do on a grey day."),
    ("The dance in the dark", "What the waggle dance tells the others: direction and distance."),
    ("Home by heart", "Landmarks, smells, and the last metres before the hive."),
]
PARAGRAPHS = [
    "A bee that leaves the hive for the first time flies backwards. It looks at its home, "
    "hovers, draws a circle, and then a larger one. Only when it has learnt what home looks "
    "like does it turn to the meadow.\n\nFrom then on the **sun** is its compass. The bee reads"
    " the angle between the sun and its way, and corrects it for the hour, since the sun does"
    " not wait. On a grey day a patch of blue is enough: its eyes see how light is polarised.",
    "Inside the hive it is dark, and nobody can point. So the forager dances. She runs straight "
    "ahead, wagging, turns, and runs again; the angle to the vertical is the angle to the sun, and "
    "each second of wagging is about a kilometre.\n\n- The more she wags, the further it is.\n"
    "- The livelier she dances, the better it tastes.",
    "The last metres are flown by memory. A tree, a fence, the smell of the neighbours: each "
    "bee keeps a map of small things. Move the hive by three metres, and for an hour the air "
    "is full of bees that wait where it used to stand.",
]
AROUND = {
    "summary": "How a bee finds its way: by the sun, by what others tell, and by heart.",
    "seo_title": "How bees find their way home",
    "seo_description": "The sun as a compass, a dance as a map, and a memory for small things.",
    "keywords": "bees, navigation, waggle dance",
}


def article(person: User, model: ModelSpec) -> Article:
    """An article that is written, with what the last pass proposes for its first section."""
    made = newsroom.article_of(person, model, plan=PLAN)
    for section, text in zip(newsroom.sections(made), PARAGRAPHS, strict=True):
        section.words = 80
        section.current = add_version(section, text, Act.WRITE, model=model)
        section.save()
    first = newsroom.sections(made)[0]
    shorter = PARAGRAPHS[0].replace(
        "for the first time flies backwards", "flies backwards at first"
    )
    first.proposed = add_version(first, shorter, Act.MEND, model=model)
    first.save()
    Article.objects.filter(pk=made.pk).update(**AROUND)
    return made


def own_recipe(person: User) -> OwnRecipe:
    """A recipe that answers customers, shared with a team."""
    recipe = create_recipe(
        person,
        Content(
            name="Answer to a complaint",
            summary="Apologises once, says what happens next, promises nothing else.",
            task="marketing",
            instructions="You answer customers of a small bakery. You are warm and brief.",
            prompt="Answer this complaint in a {{tone}} way. Offer: {{offer}}.\n\n{{complaint}}",
            variables=(
                Variable("complaint", asks="text", label="The complaint", example="Stale rolls."),
                Variable("tone", asks="choice", options=("warm", "formal"), default="warm"),
                Variable("offer", label="What we offer", example="a fresh loaf"),
            ),
        ),
    )
    team = Team.objects.create(name="Bakery")
    team.members.add(person)
    share_recipe(recipe, person, team=team)
    return recipe
