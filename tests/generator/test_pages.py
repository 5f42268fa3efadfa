"""What the generator's pages show, with and without htmx."""

import re
import time
import uuid

import pytest
from django.test import Client

from generator.actions import make_work
from generator.models import Step, Variant, Work
from generator.recipes import built_in
from generator.results import results_of
from providers.models import ModelSpec
from runs.models import Run
from runs.states import State
from tests.generator.kitchen import make_recipe
from tests.generator.readers import answer, filled, queued, variant_of
from usage.limits import set_limits

HTMX = {"HX-Request": "true"}


@pytest.fixture
def variant(owner, model) -> Variant:
    return variant_of(owner, model, "story", filled("story", idea="A cat finds a boat."))


def sent(**more) -> dict:
    values = {"words": 100, "genre": "mystery", "language": "English", "client_id": uuid.uuid4()}
    return {"idea": "A cat finds a boat.", **values, **more}


def post(client: Client, path: str = "/generate/story/", htmx: bool = True, **data):
    return client.post(path, data, headers=HTMX if htmx else {})


def page_of(work: Work) -> str:
    return f"/generate/works/{work.pk}/"


def test_the_gallery_shows_every_recipe_by_task(owner_client):
    page = owner_client.get("/generate/").content.decode()
    for recipe in built_in.values():
        assert page.count(f'href="/generate/{recipe.slug}/"') == 1
    assert page.index("Write</h2>") < page.index("Code</h2>") < page.index("Free form</h2>")


def test_the_gallery_is_searched(owner_client):
    page = owner_client.get("/generate/?q=MEETING+minutes", headers=HTMX).content.decode()
    assert re.findall(r'href="/generate/([\w-]+)/"', page) == ["minutes"]
    none = owner_client.get("/generate/?q=zzz").content.decode()
    assert "No recipe fits" in none


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("email", "email"), ("letter", "email"), ("pdf", "summary"), ("PDF", "translation"),
        ("essay", "article"), ("translate", "translation"), ("write", "story"),
        ("write", "email"), ("tweet", "social-posts"), ("summarize", "summary"),
        ("lyrics", "poem"), ("bug", "code-review"), ("code", "code-write"),
    ],
    ids=str,
)  # fmt: skip
def test_a_recipe_is_found_by_words_that_people_use_for_it(owner_client, query, slug):
    page = owner_client.get("/generate/", {"q": query}, headers=HTMX).content.decode()
    assert f'href="/generate/{slug}/"' in page


def test_each_recipe_has_words_to_be_found_by():
    assert [recipe.slug for recipe in built_in.values() if not recipe.words] == []


def test_what_was_made_last_is_on_the_gallery(owner_client, variant):
    assert page_of(variant.work) in owner_client.get("/generate/").content.decode()


def test_a_form_that_was_sent_makes_a_work(owner_client, owner, model):
    response = post(owner_client, **sent(variants=2, model=model.pk))
    work = Work.objects.get()
    assert response["HX-Push-Url"] == page_of(work)
    html = response.content.decode()
    assert html.count('class="result"') == 2
    assert 'id="client-id"' in html
    assert f"/ws/works/{work.pk}/" in html
    assert work.values["genre"] == "mystery"


def test_without_scripts_it_leads_to_the_works_page(owner_client, model):
    response = post(owner_client, htmx=False, **sent())
    assert response.status_code == 302
    assert response["Location"] == f"{page_of(Work.objects.get())}#made"


@pytest.mark.parametrize("htmx", [True, False])
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(owner_client, model, htmx):
    response = post(owner_client, htmx=htmx, **sent(idea="", characters="Ada & Ben", words=1))
    assert response.status_code == 422
    html = response.content.decode()
    assert 'id="id_idea_error"' in html
    assert "greater than or equal to 20" in html
    assert "Ada &amp; Ben" in html
    assert (response.get("HX-Retarget") == "#recipe-form") is htmx
    assert ("<html" in html) is not htmx
    assert not Work.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"client_id": "x"}, {"model": "x"}, {"variants": 99}, {"variants": "many"}]
)
def test_what_is_wrong_with_the_order_is_said(owner_client, model, wrong):
    response = post(owner_client, **sent(**wrong))
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert not Work.objects.exists()


def test_a_model_that_may_not_be_asked_is_refused(owner_client, model):
    response = post(owner_client, **sent(model=uuid.uuid4()))
    assert response.status_code == 422
    assert not Work.objects.exists()


@pytest.mark.parametrize("htmx", [True, False])
def test_a_limit_is_told(owner_client, owner, model, htmx):
    set_limits(owner, requests_per_minute=0)
    response = post(owner_client, htmx=htmx, **sent())
    assert response.status_code == 429
    assert "A cat finds a boat." in response.content.decode()
    assert not Work.objects.exists()


def test_one_field_is_looked_at(owner_client):
    check = "/generate/story/check/"
    wrong = owner_client.post(f"{check}?field=words", {"words": "5"}).content.decode()
    assert 'id="errors-words"' in wrong
    assert "greater than or equal to 20" in wrong
    right = owner_client.post(f"{check}?field=words", {"words": "50"}).content.decode()
    assert "errorlist" not in right
    assert owner_client.post(f"{check}?field=nothing").status_code == 404
    assert owner_client.post(check).status_code == 404


@pytest.mark.parametrize("field", ["idea", "words", "language"])
def test_a_field_of_five_megabytes_is_looked_at_quickly(owner_client, field):
    began = time.process_time()
    check = f"/generate/story/check/?field={field}"
    response = owner_client.post(check, {field: "9" * 5_000_000})
    assert response.status_code in (200, 413)
    assert len(response.content) < 10_000
    assert time.process_time() - began < 3


def test_many_choices_that_are_none_are_not_repeated(owner_client):
    check = "/generate/extraction/check/?field=kinds"
    response = owner_client.post(check, {"kinds": "x" * 1_000_000})
    assert "errorlist" in response.content.decode()
    assert len(response.content) < 10_000


def test_an_own_recipes_choice_is_not_repeated(owner_client, owner):
    recipe = make_recipe(owner)
    check = f"/generate/own/{recipe.pk}/check/?field=v-tone"
    response = owner_client.post(check, {"v-tone": "x" * 1_000_000})
    assert "errorlist" in response.content.decode()
    assert len(response.content) < 10_000


def test_a_field_of_five_megabytes_is_refused_at_once(owner_client, model):
    began = time.process_time()
    response = post(owner_client, **sent(idea="x" * 5_000_000))
    assert response.status_code in (413, 422)
    assert time.process_time() - began < 3
    assert not Work.objects.exists()


def test_a_works_page_has_its_values_and_results(owner_client, variant, model):
    answer(queued(variant)[0], "# Boat\n\nIt **sailed**. <script>alert(1)</script>")
    html = owner_client.get(page_of(variant.work)).content.decode()
    assert "A cat finds a boat.</textarea>" in html
    assert "<strong>sailed</strong>" in html
    assert "<script>alert" not in html
    assert "Pick this one" in html


def test_a_pick_is_shown(owner_client, variant):
    answer(queued(variant)[0], "Done.")
    response = post(owner_client, f"/generate/variants/{variant.pk}/pick/")
    assert "result--picked" in response.content.decode()
    again = post(owner_client, f"/generate/variants/{variant.pk}/pick/", htmx=False)
    assert again.status_code == 302
    variant.work.refresh_from_db()
    assert variant.work.picked is None


def test_a_pick_brings_only_what_it_changes(owner_client, owner, model):
    values = filled("story", idea="A cat finds a boat.")
    work = make_work(owner, built_in["story"], values, model, uuid.uuid4(), variants=3)
    for step in Step.objects.filter(variant__work=work):
        answer(step, "Done.")
    first, second, _third = work.variants.order_by("number")
    shown = [
        re.findall(r'id="variant-([\w-]+)"', response.content.decode())
        for response in (
            post(owner_client, f"/generate/variants/{each.pk}/pick/") for each in (first, second)
        )
    ]
    assert shown == [[str(first.pk)], [str(first.pk), str(second.pk)]]


def test_the_end_of_a_very_long_text_is_shown_as_it_was_written(owner_client, variant):
    step = queued(variant)[0]
    text = "".join(f"- **line {n}** of it\n\n" for n in range(30_000))
    answer(step, text)
    began = time.process_time()
    page = owner_client.get(page_of(variant.work)).content.decode()
    assert time.process_time() - began < 2.5
    assert "<strong>line 1</strong>" in page
    assert "**line 29999** of it" in page
    assert "without formatting" in page


def test_one_more_renews_the_id_of_the_buttons(owner_client, variant, model):
    add = f"/generate/works/{variant.work_id}/another/"
    html = post(owner_client, add, client_id=uuid.uuid4()).content.decode()
    assert 'id="acts-client-id"' in html
    assert variant.work.variants.count() == 2
    refused = post(owner_client, add, client_id="x")
    assert refused.status_code == 422
    assert refused["HX-Retarget"] == "#results-error"


def test_a_stop_and_going_on(owner_client, variant):
    assert post(owner_client, f"/generate/variants/{variant.pk}/stop/").status_code == 204
    page = owner_client.get(page_of(variant.work)).content.decode()
    assert "You stopped this." in page
    resume = f"/generate/variants/{variant.pk}/resume/"
    assert post(owner_client, resume, client_id=uuid.uuid4()).status_code == 200
    assert Run.objects.filter(state=State.QUEUED).count() == 1
    stop = post(owner_client, f"/generate/variants/{variant.pk}/stop/", htmx=False)
    assert stop["Location"].endswith(f"#variant-{variant.pk}")


def test_a_problem_is_shown_beside_the_answer(owner_client, variant):
    answer(queued(variant)[0], "")
    answer(queued(variant)[0], "")
    page = owner_client.get(page_of(variant.work)).content.decode()
    assert "The model answered with nothing." in page


def test_a_recipe_that_is_no_more_leaves_its_works_readable(owner_client, variant):
    answer(queued(variant)[0], "Still here.")
    Work.objects.update(recipe="of-yesterday")
    page = owner_client.get(page_of(variant.work))
    assert page.status_code == 200
    assert "Still here." in page.content.decode()
    assert owner_client.get("/generate/works/").status_code == 200


def test_deleting_asks_first(owner_client, variant):
    delete = f"/generate/works/{variant.work_id}/delete/"
    assert "A cat finds a boat." in owner_client.get(delete).content.decode()
    assert owner_client.post(delete).status_code == 302
    assert not Work.objects.exists()
    assert owner_client.post(delete).status_code == 404


@pytest.mark.parametrize("act", ["stop", "resume", "pick"])
def test_what_was_deleted_in_another_tab_is_not_found(owner_client, variant, act):
    post(owner_client, f"/generate/works/{variant.work_id}/delete/")
    path = f"/generate/variants/{variant.pk}/{act}/"
    assert post(owner_client, path, client_id=uuid.uuid4()).status_code == 404


def test_where_the_model_is_gone_going_on_asks_the_one_there_is(owner_client, variant, model):
    answer(queued(variant)[0], "Half", State.STOPPED)
    ModelSpec.objects.filter(pk=model.pk).delete()
    resume = f"/generate/variants/{variant.pk}/resume/"
    refused = post(owner_client, resume, client_id=uuid.uuid4())
    assert refused.status_code == 422
    assert "There is no model to ask yet." in refused.content.decode()
    assert owner_client.get(page_of(variant.work)).status_code == 200
    ModelSpec.objects.create(provider=model.provider, name="n", label="Model N", is_default=True)
    assert post(owner_client, resume, client_id=uuid.uuid4()).status_code == 200
    assert queued(variant)[0].run.prefix == "Half"


@pytest.mark.parametrize("path", ["another", "resume"])
def test_a_limit_is_told_beside_the_results(owner_client, owner, variant, path):
    answer(queued(variant)[0], "Half", State.STOPPED)
    set_limits(owner, requests_per_minute=0)
    where = f"works/{variant.work_id}" if path == "another" else f"variants/{variant.pk}"
    url = f"/generate/{where}/{path}/"
    response = post(owner_client, url, client_id=uuid.uuid4())
    assert (response.status_code, response["HX-Retarget"]) == (429, "#results-error")
    whole = post(owner_client, url, htmx=False, client_id=uuid.uuid4())
    assert whole.status_code == 429
    assert "Half" in whole.content.decode()
    assert Run.objects.count() == 1


def test_the_list_has_pages(owner_client, owner):
    Work.objects.bulk_create(
        Work(owner=owner, recipe="story", title=f"Work {n}", client_id=uuid.uuid4())
        for n in range(65)
    )
    assert owner_client.get("/generate/works/").content.count(b"work-row") == 30
    assert owner_client.get("/generate/works/?page=3").content.count(b"work-row") == 5
    assert owner_client.get("/generate/works/?page=x").status_code == 200


def queries(django_assert_max_num_queries, client: Client, path: str) -> int:
    with django_assert_max_num_queries(100) as counted:
        assert client.get(path).status_code == 200
    return len(counted)


def test_more_results_cost_no_more_queries(
    owner_client, owner, model, variant, django_assert_max_num_queries
):
    answer(queued(variant)[0], "One.")
    one = queries(django_assert_max_num_queries, owner_client, page_of(variant.work))
    for _ in range(5):
        post(owner_client, f"/generate/works/{variant.work_id}/another/", client_id=uuid.uuid4())
    for run in Run.objects.filter(state=State.QUEUED):
        answer(run.step, "More.")
    assert queries(django_assert_max_num_queries, owner_client, page_of(variant.work)) == one
    assert one <= 16


def test_lists_cost_few_queries(owner_client, owner, variant, django_assert_max_num_queries):
    few = [queries(django_assert_max_num_queries, owner_client, path) for path in LISTS]
    for _ in range(12):
        Work.objects.create(owner=owner, recipe="story", title="W", client_id=uuid.uuid4())
    many = [queries(django_assert_max_num_queries, owner_client, path) for path in LISTS]
    assert many == few


LISTS = ["/generate/", "/generate/works/"]


def test_words_are_counted_in_any_language(owner_client, variant):
    answer(queued(variant)[0], "Two words, 三个字。")
    assert results_of(variant.work)[0].measure == "5 words"
