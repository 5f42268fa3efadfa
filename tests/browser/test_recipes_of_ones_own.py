"""A recipe of one's own in a real browser: written, previewed, used, changed, shared."""

import re

from playwright.sync_api import Page, expect

from accounts.models import Team
from generator.models import OwnRecipe
from tests.people import make_person


def write(page: Page, prompt: str = "Write {{what}} for {{whom}}.") -> None:
    page.goto("/generate/")
    page.get_by_role("link", name="New recipe").click()
    page.get_by_label("Name", exact=True).first.fill("Polite mail")
    page.locator("[name=prompt]").fill(prompt)
    page.get_by_role("button", name="Find the variables").click()
    expect(page.locator("[name=variables-0-name]")).to_have_value("what")


def test_a_newcomer_makes_uses_changes_and_shares_one(enter, person, model, fake):
    other = make_person("ben@example.test")
    team = Team.objects.create(name="Kitchen")
    team.members.set([person, other])

    page = enter(person)
    write(page)
    rows = page.locator("[name^=variables-][name$=-name]")
    expect(rows).to_have_count(2)
    expect(rows.first).to_have_value("what")
    expect(page.locator("[name=prompt]")).to_have_value("Write {{what}} for {{whom}}.")
    page.locator("[name=variables-0-example]").fill("a late parcel")
    expect(page.locator("#preview")).to_contain_text("Write a late parcel for")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("The recipe was saved.")).to_be_visible()

    fake.queue(pieces=["Dear Ben, it is late."])
    page.get_by_role("textbox", name="what").fill("a late parcel")
    page.get_by_label("whom").fill("Ben")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".result .prose")).to_have_text("Dear Ben, it is late.")
    assert fake.calls[-1].messages[-1]["content"] == "Write a late parcel for Ben."

    recipe = OwnRecipe.objects.get()
    page.goto(f"/generate/recipes/{recipe.pk}/share/")
    page.get_by_label("Kitchen").check()
    page.locator("main form button").first.click()
    theirs = enter(other)
    theirs.goto("/generate/")
    theirs.get_by_role("link", name="Polite mail").first.click()
    expect(theirs.get_by_label("whom")).to_be_visible()

    page.goto(f"/generate/recipes/{recipe.pk}/")
    page.locator("[name=prompt]").fill("Kindly write {{what}} for {{whom}}.")
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.goto(f"/generate/recipes/{recipe.pk}/versions/")
    expect(page.get_by_text("Version 2")).to_be_visible()
    page.get_by_role("link", name=re.compile("Version 1")).click()
    page.get_by_role("button", name="Make it current again").click()
    expect(page.get_by_text("Version 3 is as version 1 was.")).to_be_visible()

    team.members.remove(other)
    theirs.reload()
    expect(theirs.get_by_label("whom")).to_have_count(0)


def test_what_is_wrong_is_said_and_nothing_is_lost(enter, person):
    page = enter(person)
    write(page, "Write {{what}}.")
    page.locator("[name=prompt]").fill("Write {{what}} and {{else}}.")
    page.get_by_role("button", name="Save", exact=True).last.click()
    said = page.locator(".errorlist", has_text="Nothing asks for {{else}}")
    expect(said).to_be_visible()
    expect(page.locator("[name=variables-1-name]")).to_have_value("else")
    expect(page.locator("[name=variables-1-name]")).to_be_focused()
    expect(said).to_be_in_viewport()
    expect(page.locator("[name=prompt]")).to_have_value("Write {{what}} and {{else}}.")
    page.get_by_role("button", name="Find the variables").click()
    expect(said).to_have_count(0)
    expect(page.locator("[data-refusal]")).to_have_count(0)
    expect(page.locator("[name=variables-1-name]")).to_have_value("else")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("The recipe was saved.")).to_be_visible()


def test_the_fields_of_a_variable_stand_in_rows(enter, person):
    page = enter(person)
    write(page)
    for row in (("name", "asks", "label"), ("default", "example", "help")):
        tops = [page.locator(f"[name=variables-0-{name}]").bounding_box() for name in row]
        assert len({round(top["y"]) for top in tops if top}) == 1


def test_the_preview_does_not_look_as_if_it_could_be_filled_in(enter, person):
    page = enter(person)
    write(page)
    field = page.locator("#preview input").first
    expect(field).to_have_css("cursor", "not-allowed")
    usable = page.locator("[name=name]").first.evaluate("(it) => getComputedStyle(it).background")
    assert field.evaluate("(it) => getComputedStyle(it).background") != usable


def test_what_is_wrong_comes_into_view_and_goes_when_it_is_mended(enter, person):
    page = enter(person, width=390, height=700)
    write(page)
    name = page.get_by_label("Name", exact=True).first
    name.fill("")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(name).to_be_focused()
    expect(name).to_be_in_viewport()
    expect(page.locator("[data-refusal]")).to_be_visible()
    name.press_sequentially("Rude mail")
    expect(page.locator("#recipe-edit .errorlist")).to_have_count(0)
    expect(page.locator("[data-refusal]")).to_have_count(0)
