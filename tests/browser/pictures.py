"""Draw every page at three widths in both themes: `python -m pytest tests/browser/pictures.py`.

Not collected by itself. The contact sheets go to `docs/pictures/`, single pages to the folder
that PICTURES names.
"""

import base64
import datetime as dt
import os
import uuid
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from assistants.actions import save_prompt
from chat.models import Conversation, Draft, Message
from providers.models import ModelSpec
from tests.browser import kitchen, months, samples
from tests.browser.steps import answers, ask, field

SHEETS = Path(__file__).resolve().parents[2] / "docs" / "pictures"
SINGLES = Path(os.environ.get("PICTURES", "/tmp/causerie-pictures"))
SIZES = {390: 844, 820: 1180, 1440: 900}
THEMES = ("light", "dark")


@pytest.fixture(autouse=True)
def _small_model(model: ModelSpec) -> None:
    model.provider.is_embedded = True
    model.provider.save()
    model.label = "SmolLM2 135M"
    model.save()


@pytest.fixture
def talk(person: User, model: ModelSpec) -> Conversation:
    """A sidebar full of conversations, the first with messages."""
    now = timezone.now()
    for number, title in enumerate(samples.TITLES[1:]):
        age = dt.timedelta(hours=9 * number + 3)
        Conversation.objects.create(owner=person, title=title, updated_at=now - age)
    talk = Conversation.objects.create(owner=person, title=samples.TITLES[0], model=model)
    parent = None
    for role, text in samples.MESSAGES:
        parent = Message.objects.create(conversation=talk, parent=parent, role=role, text=text)
    talk.head = parent
    talk.save()
    return talk


@pytest.fixture
def prompts(person: User) -> None:
    for name, text in samples.PROMPTS:
        save_prompt(person, name=name, text=text)


@pytest.fixture
def used(person: User, model: ModelSpec) -> None:
    months.use(person)


@pytest.fixture
def draw(enter, person, browser: Browser):
    """Show pages at every size in both themes, then put them on one sheet."""

    def sheet(name: str, show, user: User | None = person, language: str = "en") -> None:
        SINGLES.mkdir(exist_ok=True, parents=True)
        shots = []
        for theme in THEMES:
            for width, height in SIZES.items():
                look = {"color_scheme": theme, "locale": language, "reduced_motion": "reduce"}
                page = enter(user, width=width, height=height, **look)
                show(page)
                page.wait_for_timeout(300)
                path = SINGLES / f"{name}-{width}-{theme}.png"
                page.screenshot(path=path)
                shots.append((width, path))
                page.context.close()
        contact_sheet(browser, name, shots)

    return sheet


def contact_sheet(browser: Browser, name: str, shots: list[tuple[int, Path]]) -> None:
    """Put the pictures side by side, light above dark."""
    images = "".join(
        f'<img width="{width // 3}" src="data:image/png;base64,{encoded(path)}">'
        for width, path in shots
    )
    page = browser.new_page(viewport={"width": 960, "height": 840})
    page.set_content(
        "<style>body{margin:12px;background:#8b857a;display:grid;gap:12px;"
        "grid-template-columns:130px 273px 480px;align-items:start}</style>" + images
    )
    page.wait_for_timeout(300)
    SHEETS.mkdir(exist_ok=True, parents=True)
    page.locator("body").screenshot(path=SHEETS / f"{name}.png")
    page.close()


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def test_new_chat(draw, talk, person):
    draw("new-chat", lambda page: page.goto("/"))


def test_conversation(draw, talk):
    draw("conversation", lambda page: page.goto(f"/c/{talk.pk}/"))


def test_top_of_the_conversation(draw, talk):
    def show(page: Page) -> None:
        page.goto(f"/c/{talk.pk}/")
        page.evaluate("scrollTo(0, 0)")

    draw("conversation-top", show)


def test_streaming(draw, talk, fake):
    def show(page: Page) -> None:
        fake.queue(pieces=[f"{word} " for word in samples.POEM.split(" ")], stall_after=28)
        page.goto("/")
        ask(page, "Write a short poem about autumn rain")
        expect(answers(page).last).to_contain_text("gutter")

    draw("streaming", show)


def test_troubles(draw, talk, fake):
    def show(page: Page) -> None:
        page.goto("/")
        fake.queue(pieces=[f"{word} " for word in samples.POEM.split(" ")], cut_after=12)
        ask(page, "Write a short poem about autumn rain")
        expect(answers(page).last).to_have_attribute("data-state", "interrupted")
        fake.queue(status=401)
        ask(page, "And one about snow?")
        expect(answers(page).last).to_have_attribute("data-state", "failed")
        field(page).fill("x" * 200_001)
        field(page).press("Enter")
        page.evaluate("document.getElementById('composer-text').value = 'A third one, please'")

    draw("troubles", show)


def test_menus(draw, talk):
    def show(page: Page) -> None:
        page.goto(f"/c/{talk.pk}/")
        if page.viewport_size["width"] < 896:
            page.get_by_role("button", name="Conversations").click()
        page.locator(".account-button").click()

    draw("menus", show)


def test_deleting(draw, talk):
    def show(page: Page) -> None:
        page.goto(f"/c/{talk.pk}/")
        if page.viewport_size["width"] < 896:
            page.get_by_role("button", name="Conversations").click()
        page.locator("[aria-current]").first.hover()
        page.get_by_role("button", name=f"Options for “{samples.TITLES[0]}”").click()
        page.get_by_role("link", name="Delete").click()
        expect(page.get_by_role("dialog")).to_be_visible()

    draw("deleting", show)


def test_chinese(draw, talk):
    draw("chinese", lambda page: page.goto(f"/c/{talk.pk}/"), language="zh-CN")


NOBODYS = {
    "sign-in": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "password-reset": "/accounts/password/reset/",
}
OWN = {
    "settings": "/settings/",
    "password": "/accounts/password/change/",
    "two-factor": "/accounts/2fa/",
    "sessions": "/accounts/sessions/",
    "erase": "/settings/erase/",
    "prompts": "/prompts/",
    "prompt-new": "/prompts/new/",
    "not-found": f"/c/{uuid.uuid4()}/",
    "administration": "/admin/",
    "administration-people": "/admin/accounts/user/",
    "administration-provider": "/admin/providers/provider/add/",
    "administration-models": "/admin/providers/modelspec/",
    "administration-ledger": "/admin/usage/usagerecord/",
    "administration-keys": "/admin/providers/credential/",
    "administration-teams": "/admin/accounts/team/",
    "administration-encryption": "/admin/encryption/",
}
USED = {
    "usage": "/settings/usage/",
    "api-keys": "/settings/keys/",
    "api-reference": "/settings/keys/reference/",
    "administration-dashboard": "/admin/usage/dashboard/?range=90",
    "administration-limits": "/admin/usage/limit/",
    "administration-api-keys": "/admin/accounts/apikey/",
    "administration-trail": "/admin/ops/auditentry/",
}
USED_IN_CHINESE = ("usage", "administration-dashboard", "administration-trail")
IN_CHINESE = ("sign-in", "settings", "prompts", "administration")


@pytest.mark.parametrize("name", NOBODYS)
def test_pages_of_nobody(draw, person, name):
    draw(name, lambda page: page.goto(NOBODYS[name]), user=None)


@pytest.mark.parametrize("name", OWN)
def test_other_pages(draw, talk, prompts, name):
    draw(name, lambda page: page.goto(OWN[name]))


@pytest.mark.parametrize("name", IN_CHINESE)
def test_other_pages_in_chinese(draw, talk, prompts, person, name):
    user = None if name in NOBODYS else person
    path = {**NOBODYS, **OWN}[name]
    draw(f"{name}-zh", lambda page: page.goto(path), user=user, language="zh-CN")


RECIPES = {
    "recipes": lambda own, work: "/generate/",
    "recipe": lambda own, work: "/generate/summary/",
    "work": lambda own, work: f"/generate/works/{work.pk}/",
    "works": lambda own, work: "/generate/works/",
    "own-recipe": lambda own, work: f"/generate/recipes/{own.pk}/",
    "own-recipe-versions": lambda own, work: f"/generate/recipes/{own.pk}/versions/",
    "own-recipe-share": lambda own, work: f"/generate/recipes/{own.pk}/share/",
}


@pytest.fixture
def cooked(person: User, model: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> tuple:
    """Works and a recipe of one's own, made without the worker."""
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
    kitchen.works(person, model)
    return kitchen.own_recipe(person), kitchen.story(person, model)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("name", RECIPES)
def test_recipes(draw, cooked, name, language):
    end = "-zh" if language == "zh-CN" else ""
    draw(f"{name}{end}", lambda page: page.goto(RECIPES[name](*cooked)), language=language)


ARTICLE = {
    "article": lambda article, section: f"/generate/articles/{article.pk}/",
    "article-outline": lambda article, section: f"/generate/articles/{article.pk}/outline/",
    "article-edit": lambda article, section: f"/generate/sections/{section.pk}/edit/",
    "article-versions": (
        lambda article, section: f"/generate/sections/{section.pk}/versions/?version=2"
    ),
    "article-details": lambda article, section: f"/generate/articles/{article.pk}/details/",
}


@pytest.fixture
def composed(person: User, model: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> tuple:
    """An article and its first section, made without the worker."""
    monkeypatch.setattr("runs.actions.hint_worker", lambda run_id: None)
    article = kitchen.article(person, model)
    return article, article.sections.get(position=0)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("name", ARTICLE)
def test_article(draw, composed, name, language):
    end = "-zh" if language == "zh-CN" else ""
    draw(f"{name}{end}", lambda page: page.goto(ARTICLE[name](*composed)), language=language)


def test_work_in_progress(draw, person, model, fake):
    def show(page: Page) -> None:
        for story in kitchen.STORIES:
            fake.queue(pieces=[f"{word} " for word in story.split(" ")], stall_after=40)
        page.goto("/generate/story/")
        page.locator("[name=idea]").fill(kitchen.IDEA)
        page.locator("[name=variants]").fill("2")
        page.get_by_role("button", name="Make it").click()
        for story in kitchen.STORIES:
            word = story.split(" ")[39].strip("*.,")
            expect(page.locator("#results")).to_contain_text(word)

    draw("work-running", show)


@pytest.mark.parametrize("name", USED)
def test_pages_of_a_used_house(draw, used, name):
    draw(name, lambda page: page.goto(USED[name]))


@pytest.mark.parametrize("name", USED_IN_CHINESE)
def test_pages_of_a_used_house_in_chinese(draw, used, name):
    draw(f"{name}-zh", lambda page: page.goto(USED[name]), language="zh-CN")


def test_draft(draw, talk, person):
    Draft.objects.create(owner=person, conversation=talk, text="\n".join(["A longer draft"] * 6))
    draw("draft", lambda page: page.goto(f"/c/{talk.pk}/"))
