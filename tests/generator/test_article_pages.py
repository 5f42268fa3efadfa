"""The pages of articles: who may ask what of them, with and without htmx, and what is refused."""

import random
import re
import time
import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from generator.actions import delete_work
from generator.articles.actions import edit_section, mend_article, restore_version
from generator.models import Act, Article, Section, SectionVersion, Variant, Writing
from generator.recipes.outlines import MOST_SECTIONS
from providers.models import ModelSpec
from runs.models import Run
from tests.generator.newsroom import (
    DETAILS,
    PLAN,
    article_of,
    asked,
    begun,
    outline_of,
    reply_all,
    sections,
    whole,
    words,
)
from usage.limits import set_limits

HTMX = {"HX-Request": "true"}


@pytest.fixture
def article(owner, model) -> Article:
    """An article whose first section has a proposal."""
    article = whole(owner, model)
    mend_article(article, model, uuid.uuid4())
    reply_all(article, lambda writing: f"{words(100)} Mended.")
    return article


def section(article: Article, place: int = 0) -> Section:
    return sections(article)[place]


def post(client: Client, path: str, htmx: bool = True, **data):
    return client.post(path, data, headers=HTMX if htmx else {})


def page_of(article: Article) -> str:
    return f"/generate/articles/{article.pk}/"


def outline_page(article: Article) -> str:
    return f"{page_of(article)}outline/"


def at(article: Article, act: str) -> str:
    return f"/generate/sections/{section(article).pk}/{act}/"


def order(**more) -> dict:
    return {"client_id": uuid.uuid4(), **more}


def rows(article: Article, **changed) -> dict:
    """What the form of an outline sends; `changed` is of its first section."""
    sent: dict = {"section": [str(each.pk) for each in sections(article)]}
    for place, each in enumerate(sections(article)):
        values = {"heading": each.heading, "notes": each.notes, "words": each.words}
        values |= changed if place == 0 else {}
        sent |= {f"{each.pk}-{name}": value for name, value in values.items()}
    return {**sent, **order(new=uuid.uuid4())}


# Every address

ADDRESSES: dict[str, tuple[Callable[[Article], str], str]] = {
    "begin": (lambda a: f"/generate/variants/{a.outline_id}/article/", "POST"),
    "article": (page_of, "GET"),
    "outline": (outline_page, "BOTH"),
    "write": (lambda a: f"{page_of(a)}write/", "POST"),
    "stop": (lambda a: f"{page_of(a)}stop/", "POST"),
    "mend": (lambda a: f"{page_of(a)}mend/", "POST"),
    "accept": (lambda a: f"{page_of(a)}accept/", "POST"),
    "suggest": (lambda a: f"{page_of(a)}suggest/", "POST"),
    "details": (lambda a: f"{page_of(a)}details/", "BOTH"),
    "section write": (lambda a: at(a, "write"), "POST"),
    "section stop": (lambda a: at(a, "stop"), "POST"),
    "decide": (lambda a: at(a, "decide"), "POST"),
    "edit": (lambda a: at(a, "edit"), "BOTH"),
    "versions": (lambda a: at(a, "versions"), "GET"),
    "restore": (lambda a: f"/generate/versions/{section(a).current_id}/restore/", "POST"),
}
SENT = {
    "decide": {"decision": f"accept:{uuid.uuid4()}"},
    "section write": {"act": "plainer"},
    "details": {"title": "Mine"},
    "edit": {"text": "Mine."},
}


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_the_owner_is_answered(owner_client, article, name, htmx):
    path, methods = ADDRESSES[name][0](article), ADDRESSES[name][1]
    headers = HTMX if htmx else {}
    if methods in ("GET", "BOTH"):
        assert owner_client.get(path, headers=headers).status_code == 200
        assert owner_client.head(path, headers=headers).status_code == 200
    if methods in ("POST", "BOTH"):
        answer = owner_client.post(path, order(**SENT.get(name, {})), headers=headers)
        expected = (409,) if name == "edit" else (200, 302)
        assert answer.status_code in expected, answer.content
        if not htmx and name != "edit":
            assert answer.status_code == 302


@pytest.mark.parametrize("name", ADDRESSES)
def test_nobody_else_is(outsider_client, article, name):
    path, methods = ADDRESSES[name][0](article), ADDRESSES[name][1]
    before = list(Writing.objects.values()), list(Section.objects.values())
    for client, expected in ((outsider_client, (404, 404)), (Client(), (302, 401))):
        if methods != "POST":
            assert client.get(path).status_code == expected[0]
        if methods != "GET":
            answer = client.post(path, order(**SENT.get(name, {})))
            assert answer.status_code == expected[1]
    assert (list(Writing.objects.values()), list(Section.objects.values())) == before


@pytest.mark.parametrize("name", ADDRESSES)
def test_other_methods_are_refused(owner_client, article, name):
    path, methods = ADDRESSES[name][0](article), ADDRESSES[name][1]
    wrong = {"GET": ["post", "put"], "POST": ["get", "delete"], "BOTH": ["put", "delete"]}[methods]
    assert {getattr(owner_client, method)(path).status_code for method in wrong} == {405}


@pytest.mark.parametrize("name", ADDRESSES)
def test_what_was_deleted_is_not_found(owner_client, article, name):
    path = ADDRESSES[name][0](article)
    delete_work(article.work)
    assert owner_client.post(path, order(**SENT.get(name, {}))).status_code in (404, 405)
    assert owner_client.get(path).status_code in (404, 405)


def test_an_outline_of_another_recipe_makes_no_article(owner_client, article):
    article.work.recipe = "outline"
    article.work.save()
    path = f"/generate/variants/{article.outline_id}/article/"
    assert post(owner_client, path, htmx=False).status_code == 404


# What an article's page shows


def test_its_work_leads_to_it_and_its_outlines_stay(owner_client, article):
    work = f"/generate/works/{article.pk}/"
    assert owner_client.get(work)["Location"] == page_of(article)
    assert owner_client.get(f"{work}?outlines").status_code == 200


def test_more_sections_cost_no_more_queries(
    owner_client, owner, model, article, django_assert_max_num_queries
):
    plan = [(f"Part {n}", "") for n in range(12)]
    long = whole(owner, model, plan=plan, words=1200)
    counts = []
    for each in (article, long):
        for path in (page_of(each), outline_page(each)):
            with django_assert_max_num_queries(20) as counted:
                assert owner_client.get(path).status_code == 200
            counts.append(len(counted))
    assert counts[:2] == counts[2:]


def test_what_is_written_is_shown_clean(owner_client, article, owner):
    text = "<script>alert(1)</script> **bold** [a](javascript:alert(1))"
    edit_section(section(article), text, section(article).current_id)
    for path in (page_of(article), at(article, "versions"), at(article, "edit")):
        html = owner_client.get(path).content.decode()
        assert "<script>alert" not in html
        assert 'href="javascript' not in html


@pytest.mark.parametrize("name", ["article", "outline"])
def test_the_page_of_headings_with_markup(owner_client, owner, model, name):
    plan = [('"><img src=x onerror=alert(1)>', "</textarea><script>"), ("& so 'on'", "")]
    article = article_of(owner, model, plan=plan)
    html = owner_client.get(ADDRESSES[name][0](article)).content.decode()
    assert "<img src=x" not in html
    assert "</textarea><script>" not in html


# Buttons


@pytest.mark.parametrize("name", ["write", "section write", "mend", "suggest"])
@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_a_limit_is_told_and_nothing_is_begun(owner_client, owner, model, name, htmx):
    article = article_of(owner, model) if name == "write" else whole(owner, model)
    before, calls = article.writings.count(), Run.objects.count()
    set_limits(owner, requests_per_minute=0)
    answer = post(owner_client, ADDRESSES[name][0](article), htmx, **order(act="plainer"))
    assert answer.status_code == 429
    assert (answer.get("HX-Retarget") == "#article-error") is htmx
    assert ("<html" in answer.content.decode()) is not htmx
    assert (article.writings.count(), Run.objects.count()) == (before, calls)


@pytest.mark.parametrize("name", ["write", "section write", "mend", "suggest"])
@pytest.mark.parametrize(
    "wrong", [{"client_id": "x"}, {"model": "x"}, {"model": str(uuid.UUID(int=7))}]
)
def test_an_order_that_cannot_be_read_is_refused(owner_client, article, name, wrong):
    for htmx in (True, False):
        sent = order(act="plainer", **{}) | wrong
        answer = post(owner_client, ADDRESSES[name][0](article), htmx, **sent)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode() or htmx
    assert asked(article) == []


@pytest.mark.parametrize("act", ["", "edit", "mend", "details", "x", "\0", "asked"])
def test_an_act_that_is_none_is_refused(owner_client, article, act):
    answer = post(owner_client, at(article, "write"), **order(act=act))
    assert answer.status_code == 422
    assert asked(article) == []


def test_an_instruction_is_kept_and_a_longer_one_refused(owner_client, article):
    name = f"instruction-{section(article).pk}"
    long = post(owner_client, at(article, "write"), **order(act="asked"), **{name: "x" * 1001})
    assert long.status_code == 422
    answer = post(
        owner_client, at(article, "write"), **order(act="asked"), **{name: "{{ x }} {% y %}"}
    )
    assert answer.status_code == 200
    assert asked(article)[0].instruction == "{{ x }} {% y %}"


def test_what_is_refused_without_scripts_keeps_what_was_typed(owner_client, article):
    one = section(article)
    sent = {"act": "asked", f"instruction-{one.pk}": "Tell more of the mill.", "client_id": "x"}
    answer = post(owner_client, at(article, "write"), False, **sent)
    assert answer.status_code == 422
    assert "Tell more of the mill.</textarea>" in answer.content.decode()


def test_a_button_that_is_pressed_twice_asks_once_and_the_next_has_another_id(
    owner_client, article
):
    sent = order(act="plainer")
    answers = [post(owner_client, at(article, "write"), **sent) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(asked(article)) == 1
    renewed = re.search(r'id="acts-client-id"[^>]*value="([^"]+)"', answers[0].content.decode())
    assert renewed is not None
    assert renewed[1] != str(sent["client_id"])


@pytest.mark.parametrize("decision", ["", "x", "accept", "accept:x", "accept:x:y", ":", "\0"])
def test_a_decision_that_is_none_is_not_found(owner_client, article, decision):
    proposed = section(article).proposed
    answer = post(owner_client, at(article, "decide"), decision=decision)
    assert answer.status_code == 404
    assert section(article).proposed == proposed


def test_another_word_for_a_decision_decides_nothing(owner_client, article):
    proposed = section(article).proposed
    for word in ("x", "refused", "", "ACCEPT"):
        sent = {"decision": f"{word}:{proposed.pk}"}
        assert post(owner_client, at(article, "decide"), **sent).status_code == 404
    assert section(article).proposed == proposed


def test_a_decision_on_what_is_proposed_no_more_changes_nothing(owner_client, article):
    one = section(article)
    edit_section(one, "By hand.", one.current_id)
    decision = f"accept:{one.proposed_id}"
    assert post(owner_client, at(article, "decide"), decision=decision).status_code == 200
    assert section(article).current.text == "By hand."


def test_a_decision_on_anothers_version_changes_nothing(owner_client, outsider, model, article):
    theirs = section(whole(outsider, model)).current
    sent = {"decision": f"accept:{theirs.pk}"}
    assert post(owner_client, at(article, "decide"), **sent).status_code == 200
    assert section(article).current.section_id == section(article).pk


# Texts by hand


def test_an_edit_of_what_stands_no_more_is_shown_beside_it_and_kept(owner_client, article):
    one = section(article)
    old = one.current_id
    edit_section(one, "From another window.", old)
    sent = {"text": "Typed <here>.", "version": old}
    answer = post(owner_client, at(article, "edit"), False, **sent)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Typed &lt;here&gt;.</textarea>" in html
    assert "<del>" in html
    assert section(article).current.text == "From another window."
    version = re.search(r'name="version" value="([^"]+)"', html)
    again = post(owner_client, at(article, "edit"), False, text=sent["text"], version=version[1])
    assert again.status_code == 302
    assert section(article).current.text == "Typed <here>."


def test_a_first_text_by_hand(owner_client, owner, model):
    article = article_of(owner, model)
    assert owner_client.get(at(article, "edit")).status_code == 200
    assert post(owner_client, at(article, "edit"), text="a\r\nb").status_code == 302
    assert section(article).current.text == "a\nb"
    assert post(owner_client, at(article, "edit"), text="c").status_code == 409


@pytest.mark.parametrize(
    ("text", "kept"),
    [("  \n# a\n\n", "  \n# a\n\n"), ("{{ x }} {% y %}",) * 2],
    ids=["spaces", "template"],
)
def test_a_text_is_kept_as_it_is_where_it_can_be(owner_client, article, text, kept):
    sent = {"text": text, "version": section(article).current_id}
    assert post(owner_client, at(article, "edit"), **sent).status_code == 302
    assert section(article).current.text == kept
    for path in (page_of(article), at(article, "versions"), at(article, "edit")):
        assert owner_client.get(path).status_code == 200


@pytest.mark.parametrize("sent", [{"text": "a\0b"}, {"text": "x" * 200_001}, {"version": "x"}])
def test_a_text_that_cannot_be_kept_is_refused_and_stays_in_its_field(owner_client, article, sent):
    sent = {"text": "Typed.", "version": section(article).current_id, **sent}
    answer = post(owner_client, at(article, "edit"), False, **sent)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "errorlist" in html
    assert sent["text"][:100].replace("\0", "") in html.replace("\0", "")
    assert section(article).current.act == Act.WRITE


@pytest.mark.parametrize("name", ["edit", "outline", "details", "section write", "decide"])
def test_five_megabytes_are_refused_at_once(owner_client, article, name):
    began = time.monotonic()
    one = section(article).pk
    fields = ("text", "title", "summary", "act", "decision", f"{one}-heading", f"{one}-words")
    for field in (*fields, f"instruction-{one}", "do", "section"):
        sent = {"section": str(one), "do": "save", **order(), field: "9" * 5_300_000}
        answer = post(owner_client, ADDRESSES[name][0](article), False, **sent)
        assert answer.status_code in (400, 413), field
    assert time.monotonic() - began < 10
    assert section(article).current.act == Act.WRITE


@pytest.mark.parametrize("size", [1, 950], ids=["short paragraphs", "long ones"])
def test_what_a_form_can_hold_is_compared_within_a_moment(owner_client, article, size):
    chance = random.Random(size)

    def paragraph() -> str:
        return " ".join(chance.choice("ab") for _word in range(size))

    old, new = ("\n\n".join(paragraph() for _n in range(1990 if size == 1 else 100)) for _ in "on")
    for text in (old, new):
        edit_section(section(article), text, section(article).current_id)
    first = section(article).versions.get(text=old)
    began = time.monotonic()
    html = owner_client.get(f"{at(article, 'versions')}?version={first.number}").content.decode()
    assert "<del>" in html
    assert time.monotonic() - began < 5


# Versions


@pytest.mark.parametrize("number", ["0", "999", "x", "-1", "1e3", "٣", "9" * 30, "%20", "1.5"])
def test_a_version_that_is_none_is_not_found(owner_client, article, number):
    assert owner_client.get(f"{at(article, 'versions')}?version={number}").status_code == 404


def test_the_list_of_versions_has_pages(owner_client, article):
    SectionVersion.objects.bulk_create(
        SectionVersion(section=section(article), number=n, text="x", act=Act.EDIT)
        for n in range(10, 60)
    )
    html = owner_client.get(at(article, "versions")).content.decode()
    assert html.count("<time ") == 30
    assert owner_client.get(f"{at(article, 'versions')}?page=99").status_code == 200


def test_a_version_stands_again(owner_client, article):
    old = section(article).current
    edit_section(section(article), "By hand.", old.pk)
    answer = post(owner_client, f"/generate/versions/{old.pk}/restore/", False)
    assert answer["Location"].endswith(f"#section-{section(article).pk}")
    assert section(article).current == old


# Title and summary


def test_what_the_model_found_meanwhile_is_not_overwritten_by_what_was_empty(
    owner_client, owner, model
):
    article = begun(owner, model)
    html = owner_client.get(f"{page_of(article)}details/").content.decode()
    sent = dict(re.findall(r'<input type="hidden" name="(initial-[^"]+)" value="([^"]*)"', html))
    reply_all(article, lambda w: DETAILS if w.section is None else words(100))
    sent |= {name: sent.get(f"initial-{name}", "") for name in ("summary", "seo_title", "keywords")}
    answer = post(owner_client, f"{page_of(article)}details/", **{**sent, "title": "Mine"})
    assert answer.status_code == 302
    article.refresh_from_db()
    assert (article.work.title, article.summary) == ("Mine", "Bees use the sun.")


@pytest.mark.parametrize(
    "wrong", [{"title": " "}, {"title": "x" * 121}, {"summary": "x" * 2001}, {"keywords": "a\0"}]
)
def test_details_that_cannot_be_kept_are_refused_and_stay(owner_client, article, wrong):
    sent = {"title": "Mine", "summary": "Typed for long.", **wrong}
    answer = post(owner_client, f"{page_of(article)}details/", False, **sent)
    assert answer.status_code == 422
    assert sent["summary"][:50] in answer.content.decode()
    article.work.refresh_from_db()
    assert article.work.title == "How bees find home"


# The outline


def test_half_letters_are_read_as_what_they_can_be(owner_client, owner, model):
    article = article_of(owner, model)
    one = section(article).pk
    half = "%ED%A0%BD"
    sent = f"section={one}&do=up:{half}&{one}-heading=a{half}b&{one}-words=50"
    kind = "application/x-www-form-urlencoded"
    answer = owner_client.post(outline_page(article), sent, content_type=kind)
    assert answer.status_code == 404
    sent = sent.replace("up:", "")
    answer = owner_client.post(outline_page(article), sent, content_type=kind)
    assert answer.status_code == 302
    assert re.fullmatch("a�+b", section(article).heading)


@pytest.mark.parametrize("do", ["save", "x", "", "\0"])
@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_whatever_the_button_an_outline_is_kept(owner_client, owner, model, do, htmx):
    article = article_of(owner, model)
    sent = rows(article, heading="{{ x }}", notes="a\r\nb", words=70)
    answer = post(owner_client, outline_page(article), htmx, **sent, do=do)
    assert answer.status_code == (200 if htmx else 302)
    one = section(article)
    assert (one.heading, one.notes, one.words) == ("{{ x }}", "a\nb", 70)


@pytest.mark.parametrize("do", ["remove", "back", "up", "down"])
@pytest.mark.parametrize("key", ["", "x", str(uuid.UUID(int=7)), "\0"])
def test_a_section_that_is_none_is_not_found(owner_client, owner, model, do, key):
    article = article_of(owner, model)
    answer = post(owner_client, outline_page(article), **rows(article), do=f"{do}:{key}")
    assert answer.status_code == 404
    assert [each.heading for each in sections(article)] == [heading for heading, _ in PLAN]


@pytest.mark.parametrize("do", ["remove", "back", "up", "down"])
def test_anothers_section_is_not_found(owner_client, owner, outsider, model, do):
    article, other = article_of(owner, model), article_of(outsider, model)
    do = f"{do}:{section(other).pk}"
    assert post(owner_client, outline_page(article), **rows(article), do=do).status_code == 404
    assert len(sections(other)) == 3


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"heading": ""},
        {"heading": "x" * 201},
        {"notes": "x" * 2001},
        {"words": "9" * 5000},
        {"words": 19},
        {"words": "many"},
        {"notes": "a\0b"},
    ],
    ids=["no heading", "long heading", "long notes", "huge", "few", "letters", "nul"],
)
def test_what_is_wrong_with_an_outline_is_said_and_nothing_is_lost(
    owner_client, owner, model, wrong, htmx
):
    article = article_of(owner, model)
    sent = rows(article, **{"notes": "Typed for long.", **wrong})
    sent[f"{section(article, 1).pk}-notes"] = "Typed, too."
    for do in ("save", "add", "write", f"down:{section(article).pk}"):
        answer = post(owner_client, outline_page(article), htmx, **sent, do=do)
        assert answer.status_code == 422
        html = answer.content.decode()
        assert "errorlist" in html
        assert "Typed, too." in html
        if "notes" not in wrong:
            assert "Typed for long." in html
    kept = post(owner_client, outline_page(article), **sent, do="keep").content.decode()
    assert "Section 1:" in kept
    assert section(article).notes == PLAN[0][1]
    assert article.writings.count() == 0


def test_a_limit_keeps_the_outline_that_was_typed(owner_client, owner, model):
    article = article_of(owner, model)
    set_limits(owner, requests_per_minute=0)
    for htmx in (True, False):
        sent = rows(article, heading="Typed")
        answer = post(owner_client, outline_page(article), htmx, **sent, do="write")
        assert answer.status_code == 429
        assert 'value="Typed"' in answer.content.decode()
    assert section(article).heading == "Typed"
    assert article.writings.count() == 0


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_writing_leads_to_the_article(owner_client, owner, model, htmx):
    article = article_of(owner, model)
    answer = post(owner_client, outline_page(article), htmx, **rows(article), do="write")
    assert answer.get("HX-Redirect" if htmx else "Location") == page_of(article)
    assert len(asked(article)) == 3


def test_five_hundred_rows_are_no_more_than_there_are(owner_client, owner, model):
    article = article_of(owner, model, plan=[(f"Part {n}", "") for n in range(500)])
    assert len(sections(article)) == MOST_SECTIONS
    sent = rows(article)
    sent["section"] += [str(uuid.uuid4()) for _row in range(450)]
    began = time.monotonic()
    answer = post(owner_client, outline_page(article), **sent, do="save")
    assert answer.status_code == 200
    assert time.monotonic() - began < 5
    assert len(sections(article)) == MOST_SECTIONS
    more = {f"{uuid.uuid4()}-heading": "x" for _row in range(1200)}
    assert post(owner_client, outline_page(article), **sent, **more).status_code == 400
    full = post(owner_client, outline_page(article), **rows(article), do="add")
    assert full.status_code == 422
    assert str(MOST_SECTIONS) in full.content.decode()


def test_a_section_that_is_added_twice_by_one_request_is_added_once(owner_client, owner, model):
    article = article_of(owner, model)
    sent = rows(article)
    for _time in range(2):
        assert post(owner_client, outline_page(article), **sent, do="add").status_code == 200
    assert len(sections(article)) == 4


def test_the_id_of_a_section_that_is_added_may_be_anothers(owner_client, owner, outsider, model):
    article, other = article_of(owner, model), article_of(outsider, model)
    sent = {**rows(article), "new": section(other).pk}
    assert post(owner_client, outline_page(article), **sent, do="add").status_code == 200
    assert (len(sections(article)), len(sections(other))) == (4, 3)
    assert (
        post(owner_client, outline_page(article), **{**sent, "new": "x"}, do="add").status_code
        == 404
    )


def test_what_is_written_is_not_taken_out_and_what_was_typed_stays(owner_client, owner, model):
    article = begun(owner, model)
    do = f"remove:{section(article).pk}"
    answer = post(owner_client, outline_page(article), **rows(article, heading="Typed"), do=do)
    assert answer.status_code == 422
    assert 'value="Typed"' in answer.content.decode()
    assert section(article).heading == "Typed"


def test_where_there_is_no_model_it_is_said(owner_client, owner, model):
    article = article_of(owner, model)
    ModelSpec.objects.all().delete()
    assert owner_client.get(outline_page(article)).status_code == 200
    assert owner_client.get(page_of(article)).status_code == 200
    answer = post(owner_client, outline_page(article), **rows(article), do="write")
    assert answer.status_code == 422
    assert "There is no model to ask yet." in answer.content.decode()


def test_an_article_without_sections(owner_client, owner, model):
    article = article_of(owner, model)
    for each in sections(article):
        post(owner_client, outline_page(article), **rows(article), do=f"remove:{each.pk}")
    assert (
        "This article has no sections yet." in owner_client.get(page_of(article)).content.decode()
    )
    for name in ("write", "mend", "suggest"):
        answer = post(owner_client, ADDRESSES[name][0](article), **order())
        assert answer.status_code == 422
    gone = article.sections.first()
    answer = post(owner_client, f"/generate/sections/{gone.pk}/write/", **order(act="write"))
    assert answer.status_code == 422
    assert owner_client.get(f"/generate/sections/{gone.pk}/versions/").status_code == 200
    assert not Run.objects.live().exists()


def test_an_outline_that_is_no_list(owner_client, owner, model):
    variant = outline_of(owner, model)
    Variant.objects.filter(pk=variant.pk).update(text="I cannot help with that.")
    answer = post(owner_client, f"/generate/variants/{variant.pk}/article/", False)
    assert answer.status_code == 302
    assert owner_client.get(answer["Location"]).status_code == 200


def test_restoring_while_it_is_edited_elsewhere_is_a_conflict(owner_client, article):
    one = section(article)
    first = one.current
    edit_section(one, "Second.", first.pk)
    second = section(article).current_id
    restore_version(section(article), first)
    answer = post(owner_client, at(article, "edit"), False, text="Third.", version=second)
    assert answer.status_code == 409


def seen(html: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', html)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("do", ["keep", "save", "add", "write"])
def test_an_outline_that_another_window_changed_is_not_overwritten(owner_client, owner, model, do):
    article = article_of(owner, model)
    first = seen(owner_client.get(outline_page(article)).content.decode())
    kept = post(owner_client, outline_page(article), **rows(article, heading="A"), do="keep")
    assert seen(kept.content.decode()) != first
    stale = rows(article, heading="B")
    refused = post(owner_client, outline_page(article), **stale, do=do, seen=first)
    assert refused.status_code == (200 if do == "keep" else 409)
    assert "changed in another window" in refused.content.decode()
    assert seen(refused.content.decode()) == first
    assert (section(article).heading, len(sections(article))) == ("A", 3)
    post(owner_client, outline_page(article), **stale, do="overwrite", seen=first)
    assert section(article).heading == "B"


def test_a_window_goes_on_from_what_it_kept(owner_client, owner, model):
    article = article_of(owner, model)
    known = seen(owner_client.get(outline_page(article)).content.decode())
    for heading in ("A", "B", "A"):
        sent = rows(article, heading=heading)
        kept = post(owner_client, outline_page(article), **sent, do="keep", seen=known)
        known = seen(kept.content.decode())
        assert section(article).heading == heading
