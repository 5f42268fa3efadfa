"""Recipes in a real browser: found, filled in, watched, picked, gone on with."""

import re

from playwright.sync_api import Locator, Page, expect

from generator.models import Work
from tests.boundary.papers import pdf
from tests.browser.steps import numbered
from usage.limits import set_limits


def results(page: Page) -> Locator:
    return page.locator("#results .result")


def fill_in(page: Page, idea: str = "A cat finds a boat.", count: int = 1) -> None:
    page.goto("/generate/story/")
    page.get_by_label("What happens").fill(idea)
    page.get_by_label("How many").fill(str(count))


def make(page: Page, **filled) -> None:
    fill_in(page, **filled)
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url(re.compile("/generate/works/"))


def test_a_newcomer_finds_a_recipe_and_makes_something_of_it(enter, person, model, fake):
    page = enter(person)
    page.goto("/")
    page.get_by_role("link", name="Recipes").click()
    page.get_by_role("searchbox").press_sequentially("short story")
    expect(page.locator(".recipe-card")).to_have_count(1)
    page.get_by_role("link", name="Story").click()
    page.get_by_label("What happens").fill("A cat finds a boat.")
    page.get_by_label("How many").fill("2")
    fake.queue(pieces=["# Boat\n\n", "A **cat** went to sea."])
    fake.queue(pieces=["# Ship\n\n", "Another cat stayed."])
    page.get_by_role("button", name="Make it").click()
    expect(results(page)).to_have_count(2)
    expect(results(page).nth(0)).to_have_attribute("data-state", "done")
    expect(results(page).nth(1)).to_have_attribute("data-state", "done")
    assert {text.strip() for text in page.locator(".prose strong").all_inner_texts()} == {"cat"}

    for one, other in ((0, 1), (1, 0)):
        results(page).nth(one).get_by_role("button", name="Pick this one").click()
        expect(results(page).nth(one)).to_have_class(re.compile("result--picked"))
        expect(results(page).nth(other)).not_to_have_class(re.compile("result--picked"))
    page.reload()
    expect(results(page)).to_have_count(2)
    expect(results(page).nth(1)).to_have_class(re.compile("result--picked"))
    expect(page.get_by_label("What happens")).to_have_value("A cat finds a boat.")


def test_a_field_is_looked_at_while_one_types(enter, person, model):
    page = enter(person)
    page.goto("/generate/story/")
    length = page.get_by_label("Length")
    with page.expect_response(re.compile("check/.field=idea")):
        page.get_by_label("What happens").fill("something long that need not travel")
    with page.expect_request(re.compile("check/.field=words")) as sent:
        length.fill("5")
    assert "need not travel" not in sent.value.post_data
    expect(page.locator("#errors-words")).to_contain_text("20")
    expect(length).to_have_attribute("aria-invalid", "true")
    length.fill("50")
    expect(page.locator("#errors-words")).to_be_empty()
    expect(length).to_have_attribute("aria-invalid", "false")


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(enter, person, model):
    page = enter(person)
    page.goto("/generate/story/")
    page.get_by_label("Who is in it").fill("Ada")
    page.evaluate("document.querySelector('#recipe-form').noValidate = true")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("#errors-idea")).to_contain_text("required")
    expect(page.get_by_label("Who is in it")).to_have_value("Ada")
    page.get_by_label("What happens").fill("Now it is there.")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url(re.compile("/generate/works/"))


def test_what_is_wrong_comes_into_view_and_goes_when_it_is_mended(enter, person, model):
    page = enter(person, width=390, height=700)
    page.goto("/generate/summary/")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("button", name="Make it").click()
    text = page.get_by_label("Text", exact=True)
    expect(text).to_be_focused()
    expect(text).to_be_in_viewport(ratio=0.9)
    expect(page.locator(".recipe-form .errorlist")).to_have_count(1)
    page.get_by_label("or a file").set_input_files(
        {"name": "report.txt", "mimeType": "text/plain", "buffer": b"The boat is green."}
    )
    expect(page.locator(".recipe-form .errorlist")).to_have_count(0)
    expect(text).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url(re.compile("/generate/works/"))


def test_what_was_refused_is_not_said_any_longer_when_it_is_made(enter, person, model):
    set_limits(person, requests_per_minute=0)
    page = enter(person)
    fill_in(page)
    page.get_by_role("button", name="Make it").click()
    refusal = page.locator("#recipe-form [data-refusal]")
    expect(refusal).to_be_focused()
    set_limits(person, requests_per_minute=None)
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url(re.compile("/generate/works/"))
    expect(refusal).to_be_empty()


def test_a_reload_and_a_second_tab_see_the_same(enter, person, model, fake):
    fake.queue(pieces=numbered("w", 300), delay_ms=20)
    page = enter(person)
    make(page)
    expect(results(page).locator(".prose")).to_contain_text("w20 ")
    page.reload()
    expect(results(page).locator(".prose")).to_contain_text("w20 ")
    other = page.context.new_page()
    other.goto(page.url)
    for each in (page, other):
        expect(results(each)).to_have_attribute("data-state", "done")
        text = results(each).locator(".prose").inner_text()
        assert text.split() == [f"w{number}" for number in range(300)]


def test_one_that_is_stopped_goes_on_where_it_was(enter, person, model, fake):
    fake.queue(pieces=["The beginning "], stall_after=1)
    page = enter(person)
    make(page)
    expect(results(page).locator(".prose")).to_contain_text("The beginning")
    page.get_by_role("button", name="Stop").click()
    expect(results(page)).to_have_attribute("data-state", "stopped")
    fake.queue(pieces=["and the end."])
    page.get_by_role("button", name="Go on").click()
    expect(results(page)).to_have_attribute("data-state", "done")
    expect(results(page).locator(".prose")).to_have_text("The beginning and the end.")


def test_one_more_comes_beside_it_in_every_tab(enter, person, model, fake):
    page = enter(person)
    make(page)
    other = page.context.new_page()
    other.goto(page.url)
    expect(results(other)).to_have_count(1)
    fake.queue(pieces=["Another one."])
    page.get_by_role("button", name="One more").click()
    for each in (page, other):
        expect(results(each)).to_have_count(2)
        expect(results(each).nth(1).locator(".prose")).to_have_text("Another one.")


def test_changed_and_made_again_it_is_another_work(enter, person, model):
    page = enter(person)
    make(page)
    first = page.url
    page.get_by_label("What happens").fill("A dog finds a boat.")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url(lambda url: url != first and "/works/" in url)
    expect(page.locator(".made-title")).to_have_text("A dog finds a boat.")
    assert Work.objects.count() == 2


def test_a_double_click_makes_one(enter, person, model):
    page = enter(person)
    fill_in(page)
    page.get_by_role("button", name="Make it").dblclick()
    page.wait_for_url(re.compile("/generate/works/"))
    expect(results(page)).to_have_attribute("data-state", "done")
    assert Work.objects.count() == 1


def test_a_limit_says_so_and_keeps_what_was_typed(enter, person, model):
    set_limits(person, requests_per_minute=0)
    page = enter(person)
    fill_in(page)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("What happens")).to_have_value("A cat finds a boat.")
    assert not Work.objects.exists()


def test_everything_works_without_scripts(enter, person, model):
    page = enter(person, java_script_enabled=False)
    fill_in(page, count=2)
    with page.expect_navigation():
        page.get_by_role("button", name="Make it").click()
    for _ in range(20):
        page.reload()
        if page.locator("#results .result[data-state=done]").count() == 2:
            break
        page.wait_for_timeout(250)
    expect(results(page).first.locator(".prose")).to_contain_text("w19")
    with page.expect_navigation():
        page.get_by_role("button", name="Pick this one").first.click()
    expect(results(page).first).to_have_class(re.compile("result--picked"))
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("was deleted")).to_be_visible()
    assert not Work.objects.exists()


FACT = re.compile(r"FACT-\d+")


def test_a_long_pdf_is_summarised_with_every_part_read(enter, person, model, fake, tmp_path):
    model.context_window, model.max_output_tokens = 4096, 512
    model.save()
    words = "The committee met on a Tuesday and talked about the budget. " * 20
    paper = tmp_path / "report.pdf"
    paper.write_bytes(pdf(*[f"Page {page}: FACT-{page}. {words}" for page in range(30)]))
    for _ in range(40):
        fake.queue(pieces=["- A note on a part."], first_ms=20)
    page = enter(person)
    page.goto("/generate/summary/")
    page.get_by_label("or a file").set_input_files(paper)
    page.get_by_role("button", name="Make it").click()
    expect(results(page)).to_have_attribute("data-state", "done", timeout=60_000)
    expect(results(page).locator(".prose")).to_have_text("A note on a part.")
    read = [FACT.findall(call.messages[-1]["content"]) for call in fake.calls]
    facts = [fact for part in read for fact in part]
    assert sorted(facts) == sorted(f"FACT-{page}" for page in range(30))
    assert len([part for part in read if part]) > 3


def test_a_file_that_lies_is_refused_at_its_field(enter, person, model, tmp_path):
    paper = tmp_path / "report.pdf"
    paper.write_bytes(b"This is no PDF.")
    page = enter(person)
    page.goto("/generate/summary/")
    page.get_by_label("or a file").set_input_files(paper)
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("#errors-file")).to_contain_text("not what its name says")


def test_a_table_comes_as_a_table(enter, person, model, fake):
    fake.queue(pieces=['{"found": [{"kind": "person", "text": "Ada"}]}'])
    page = enter(person)
    page.goto("/generate/extraction/")
    page.get_by_label("Text", exact=True).fill("Ada met nobody.")
    page.get_by_role("button", name="Make it").click()
    expect(results(page)).to_have_attribute("data-state", "done")
    expect(results(page)).to_contain_text("Ada")


def test_on_a_phone_what_is_made_comes_into_view(enter, person, model):
    page = enter(person, width=390, height=844)
    make(page)
    expect(results(page)).to_be_in_viewport(ratio=0.5)
    page.reload()
    expect(results(page)).to_be_in_viewport()
