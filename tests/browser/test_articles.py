"""An article in a real browser: planned, written, rewritten, edited, mended, restored."""

import re
import time
import uuid

import pytest
from playwright.sync_api import Locator, Page, expect

from generator.actions import make_work
from generator.articles.planning import begin_article
from generator.models import Article, Work
from generator.recipes import built_in
from generator.recipes.outlines import written
from tests.generator.newsroom import DETAILS, PLAN, words
from tests.generator.readers import filled


def section(page: Page, number: int) -> Locator:
    return page.locator("#sections > .section").nth(number)


def rows(page: Page) -> Locator:
    return page.locator("[data-row]")


def headings(page: Page) -> list[str]:
    fields = page.locator("[data-row] input[name$='-heading']").all()
    return [field.input_value() for field in fields]


def saved(page: Page):
    return page.expect_response(
        lambda response: response.url.endswith("/outline/") and response.status == 200
    )


def planned(person, model, fake) -> Article:
    """Return an article with its outline; the model's next answers are not queued."""
    values = filled("long-article", topic="How bees find home", words=300)
    fake.queue(pieces=[written(PLAN)])
    work = make_work(person, built_in["long-article"], values, model, uuid.uuid4())
    variant = work.variants.get()
    deadline = time.monotonic() + 15
    while not variant.text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        variant.refresh_from_db()
    return begin_article(variant)


def queue_whole(fake, size: int = 100, letters: str = "abc") -> None:
    for letter in letters:
        fake.queue(pieces=[words(size, letter)])
    fake.queue(pieces=[DETAILS])


def test_a_newcomer_plans_and_writes_an_article(enter, person, model, fake):
    # A page that fades in takes no pointer yet, and nobody is as quick as a test.
    page = enter(person, reduced_motion="reduce")
    page.goto("/generate/")
    page.get_by_role("link", name="Article with an outline").click()
    page.get_by_label("Topic").fill("How bees find home")
    page.get_by_label("Length").fill("300")
    fake.queue(pieces=[line + "\n" for line in written(PLAN).splitlines()])
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("button", name="Edit and write").click()
    page.wait_for_url(re.compile("/outline/"))
    expect(rows(page)).to_have_count(3)

    with saved(page):
        page.get_by_role("button", name="Move “Home by heart” up").press("Enter")
    expect(page.get_by_role("button", name="Move “Home by heart” up")).to_be_focused()
    assert headings(page) == ["The sun as a compass", "Home by heart", "The dance"]
    first = page.locator("[data-handle]").nth(0).bounding_box()
    last = page.locator("[data-handle]").nth(2).bounding_box()
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(last["x"] + 5, last["y"] + 60, steps=8)
    with saved(page):
        page.mouse.up()
    assert headings(page) == ["Home by heart", "The dance", "The sun as a compass"]
    with saved(page):
        page.get_by_label("Heading").nth(0).fill("By heart")
        page.get_by_label("Heading").nth(0).press("Tab")
    page.reload()
    assert headings(page)[0] == "By heart"
    with saved(page):
        page.get_by_role("button", name="Add a section").click()
    expect(rows(page)).to_have_count(4)
    with saved(page):
        page.get_by_role("button", name="Take “New section” out").click()
    expect(rows(page)).to_have_count(3)

    queue_whole(fake)
    page.get_by_role("button", name="Write the article").click()
    page.wait_for_url(re.compile(r"/articles/[0-9a-f-]+/$"))
    for number in range(3):
        expect(section(page, number)).to_have_attribute("data-state", "done")
    expect(page.locator("#article-state")).to_contain_text("3 of 3 sections written")
    expect(page.locator("#article-details")).to_contain_text("Bees use the sun.")
    expect(section(page, 0).get_by_role("heading")).to_have_text("By heart")
    page.goto("/generate/works/")
    page.get_by_role("link", name="How bees find home").click()
    expect(page.locator("#article-state")).to_contain_text("3 of 3")


@pytest.fixture
def article(person, model, fake, house) -> Article:
    return planned(person, model, fake)


def written_page(page: Page, article: Article, fake, letters: str = "abc") -> None:
    queue_whole(fake, letters=letters)
    page.goto(f"/generate/articles/{article.pk}/")
    page.get_by_role("button", name="Write the article").click()
    for number in range(3):
        expect(section(page, number)).to_have_attribute("data-state", "done")
    expect(page.locator("#article-details")).to_contain_text("Bees use the sun.")


def test_a_section_is_made_shorter_edited_and_restored(enter, person, article, fake):
    page = enter(person)
    written_page(page, article, fake)
    first = section(page, 0)
    before = first.locator(".prose").inner_text()
    fake.queue(pieces=[words(60, "short")])
    first.get_by_role("button", name="Rewrite").click()
    first.get_by_role("button", name="Shorter").click()
    expect(first).to_contain_text("short60")
    expect(first).to_contain_text("2 versions")
    first.get_by_role("link", name="Edit").click()
    page.get_by_role("textbox", name="Text").fill("Written *by hand*.")
    page.get_by_role("button", name="Save").click()
    expect(first.locator(".prose em")).to_have_text("by hand")
    first.get_by_role("link", name="3 versions").click()
    page.get_by_role("link", name="Version 1").click()
    expect(page.locator(".difference del")).not_to_have_count(0)
    page.get_by_role("button", name="Let this version stand").click()
    expect(first.locator(".prose")).to_have_text(before)
    expect(first).to_contain_text("3 versions")


def test_a_change_in_ones_own_words(enter, person, article, fake):
    page = enter(person)
    written_page(page, article, fake)
    second = section(page, 1)
    fake.queue(pieces=["As a poem."])
    second.get_by_role("button", name="Rewrite").click()
    second.get_by_label("Or say how").fill("Make a poem of it.")
    second.get_by_role("button", name="Change it like this").click()
    expect(second.locator(".prose")).to_have_text("As a poem.")
    assert "Make a poem of it." in str(fake.calls[-1].messages)


def test_the_last_pass_is_shown_before_it_is_accepted(enter, person, article, fake):
    page = enter(person)
    written_page(page, article, fake, letters="aaa")
    for _number in range(3):
        fake.queue(pieces=[f"{words(100, 'a')} Mended."])
    page.get_by_role("button", name="Mend transitions").click()
    expect(page.locator(".proposal")).to_have_count(3)
    expect(page.locator(".proposal ins").first).to_contain_text("Mended")
    section(page, 0).get_by_role("button", name="Leave it as it is").click()
    expect(page.locator(".proposal")).to_have_count(2)
    page.get_by_role("button", name="Accept all 2 changes").click()
    expect(page.locator(".proposal")).to_have_count(0)
    expect(section(page, 1).locator(".prose")).to_contain_text("Mended.")
    expect(section(page, 0).locator(".prose")).not_to_contain_text("Mended.")


def test_a_reload_and_a_second_window_lose_nothing(enter, person, article, fake):
    page, other = enter(person), enter(person)
    for n in range(3):
        fake.queue(pieces=[[f"{'abc'[n]}{word} ", 40] for word in range(100)])
    fake.queue(pieces=[DETAILS])
    page.goto(f"/generate/articles/{article.pk}/")
    page.get_by_role("button", name="Write the article").click()
    expect(section(page, 0)).to_contain_text("5 ")
    other.goto(f"/generate/articles/{article.pk}/")
    expect(section(other, 0)).to_contain_text("5 ")
    page.reload()
    for window in (page, other):
        expect(window.locator("#article-details")).to_contain_text("Bees use the sun.")
        for number in range(3):
            letters = section(window, number).locator(".prose").inner_text().split()
            assert [word[1:] for word in letters] == [str(n) for n in range(100)]


def test_stopping_all_and_going_on(enter, person, article, fake):
    page = enter(person)
    for n in range(3):
        fake.queue(pieces=[[f"{'abc'[n]}{word} ", 60] for word in range(100)])
    page.goto(f"/generate/articles/{article.pk}/")
    page.get_by_role("button", name="Write the article").click()
    for number in range(3):
        expect(section(page, number)).to_contain_text("5 ")
    page.locator("#article-state").get_by_role("button", name="Stop").click()
    expect(page.locator("#article-state")).to_contain_text("You stopped this.")
    kept = [section(page, n).locator(".prose").inner_text().strip() for n in range(3)]
    assert all(kept)
    queue_whole(fake, size=80)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#article-state")).to_contain_text("3 of 3 sections written")
    for number, text in enumerate(kept):
        assert section(page, number).locator(".prose").inner_text().startswith(text[:20])


def test_the_focus_stays_among_the_rows_of_an_outline(enter, person, article):
    page = enter(person)
    page.goto(f"/generate/articles/{article.pk}/outline/")
    with saved(page):
        page.get_by_role("button", name="Take “The dance” out").press("Enter")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).nth(1)).to_be_focused()
    with saved(page):
        page.get_by_role("button", name="Put back").press("Enter")
    expect(rows(page)).to_have_count(3)
    expect(rows(page).nth(2)).to_be_focused()
    assert headings(page)[2] == "The dance"


def test_long_titles_and_menus_stay_on_a_phone(enter, person, article, fake):
    page = enter(person)
    written_page(page, article, fake)
    Work.objects.filter(pk=article.pk).update(title="Donaudampfschifffahrt" * 5)
    page.set_viewport_size({"width": 390, "height": 600})
    for place in ("outline/", ""):
        page.goto(f"/generate/articles/{article.pk}/{place}")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.wait_for_timeout(500)  # what was written just now comes once more by the socket
    section(page, 1).get_by_role("button", name="Rewrite").click()
    expect(section(page, 1).locator(".rewrite-menu")).to_be_visible()
    menu = section(page, 1).locator(".rewrite-menu").bounding_box()
    assert menu["y"] >= 0
    assert menu["y"] + menu["height"] <= 600


def test_a_last_pass_shows_itself_on_each_section(enter, person, article, fake):
    page = enter(person)
    written_page(page, article, fake)
    for _number in range(3):
        fake.queue(never=True)
    page.get_by_role("button", name="Mend transitions").click()
    for number in range(3):
        expect(section(page, number)).to_contain_text("Looking at its transitions")
    expect(page.locator("#article-state")).to_contain_text("3 of 3 sections written")
    page.locator("#article-state").get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Mend transitions")).to_be_visible()


def test_an_outline_that_is_written_offers_the_article(enter, person, article, fake):
    page = enter(person)
    written_page(page, article, fake)
    page.goto(f"/generate/articles/{article.pk}/outline/")
    expect(page.get_by_role("button", name="Write what is missing")).to_have_count(0)
    with saved(page):
        page.get_by_role("button", name="Add a section").click()
    expect(page.get_by_role("button", name="Write what is missing")).to_be_visible()
