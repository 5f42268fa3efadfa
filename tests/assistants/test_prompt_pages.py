"""Every endpoint of saved prompts: owner, outsider, nobody, wrong method, bad input."""

import uuid

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from assistants.actions import save_prompt
from assistants.models import SavedPrompt

HTMX = {"HX-Request": "true"}
LIST, CREATE = reverse("assistants:prompt-list"), reverse("assistants:prompt-create")
OF_ONE = ["prompt-change", "prompt-delete", "prompt-fill"]


def of(prompt: SavedPrompt, name: str) -> str:
    return reverse(f"assistants:{name}", args=[prompt.pk])


# Who may


@pytest.mark.parametrize("name", OF_ONE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_somebody_elses_prompt_is_not_there(outsider_client, prompt, name, method):
    response = getattr(outsider_client, method)(of(prompt, name), {"name": "n", "text": "t"})
    assert response.status_code == 404
    assert getattr(outsider_client, method)(of(prompt, name), headers=HTMX).status_code == 404
    prompt.refresh_from_db()
    assert prompt.name == "Polite mail"


@pytest.mark.parametrize("name", OF_ONE)
def test_an_administrator_is_no_owner(admin_client, prompt, name):
    assert admin_client.get(of(prompt, name)).status_code == 404


@pytest.mark.parametrize("name", OF_ONE)
def test_an_id_of_nothing_is_not_there(owner_client, name):
    missing = reverse(f"assistants:{name}", args=[uuid.uuid4()])
    assert owner_client.get(missing).status_code == 404
    assert owner_client.get(f"/prompts/not-an-id/{name}/").status_code == 404


def test_nobody_is_led_to_sign_in(client, prompt):
    for url in (LIST, CREATE, *(of(prompt, name) for name in OF_ONE)):
        response = client.get(url)
        assert response.status_code == 302
        assert response.url.startswith(reverse(settings.LOGIN_URL))
        assert client.get(url, headers=HTMX).status_code == 401
    for url in (CREATE, *(of(prompt, name) for name in OF_ONE)):
        assert client.post(url, {"text": "kept"}).status_code == 401
    assert SavedPrompt.objects.count() == 1


def test_wrong_methods_are_refused(owner_client, prompt):
    for url in (LIST, CREATE, *(of(prompt, name) for name in OF_ONE)):
        assert owner_client.put(url).status_code == 405
        assert owner_client.delete(url).status_code == 405
    assert owner_client.post(LIST).status_code == 405


def test_forms_need_their_token(owner, prompt):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    for url in (CREATE, *(of(prompt, name) for name in OF_ONE)):
        assert client.post(url, {"name": "n", "text": "t"}).status_code == 403
    assert SavedPrompt.objects.count() == 1


# Pages


def test_the_list_shows_ones_own_and_finds(owner_client, outsider, prompt):
    save_prompt(outsider, name="Not mine", text="t")
    page = owner_client.get(LIST).content.decode()
    assert "Polite mail" in page
    assert "Not mine" not in page
    assert "Polite mail" in owner_client.get(LIST, {"q": "frien"}).content.decode()
    nothing = owner_client.get(LIST, {"q": "<b>x</b>"}).content.decode()
    assert "Polite mail" not in nothing
    assert "<b>x</b>" not in nothing


@pytest.mark.parametrize("page", ["0", "-1", "99999999999", "x", ""])
def test_any_page_number_leads_to_a_page(owner_client, prompt, page):
    assert owner_client.get(LIST, {"page": page}).status_code == 200


def test_the_list_is_paged_and_asks_the_same_few_questions(
    owner, owner_client, prompt, django_assert_num_queries
):
    def queries(url: str, most: int, **extra) -> str:
        with django_assert_num_queries(most):
            return owner_client.get(url, **extra).content.decode()

    owner_client.get(LIST)
    queries(LIST, 4)  # session, person, count, page
    SavedPrompt.objects.bulk_create(
        SavedPrompt(owner=owner, name=f"P{n}", command=f"p{n}", text="t" * 1000) for n in range(120)
    )
    page = queries(LIST, 4)
    assert "Page 1 of 3" in page
    assert len(page) < 100_000
    assert queries(LIST, 3, headers=HTMX).count('role="option"') == 12 + 3


def test_a_prompt_is_made_changed_and_deleted_without_a_script(owner, owner_client):
    assert owner_client.get(CREATE).status_code == 200
    made = owner_client.post(CREATE, {"name": "N", "text": "T", "command": ""}, follow=True)
    assert "Type /n in the composer" in made.content.decode()
    prompt = SavedPrompt.objects.get(owner=owner)
    form = owner_client.get(of(prompt, "prompt-change")).context["form"]
    assert form.initial == {"name": "N", "command": "n", "text": "T"}
    new = {"name": "N2", "text": "T2", "command": "c2"}
    assert owner_client.post(of(prompt, "prompt-change"), new).url == LIST
    prompt.refresh_from_db()
    assert (prompt.name, prompt.text, prompt.command) == ("N2", "T2", "c2")
    assert "N2" in owner_client.get(of(prompt, "prompt-delete")).content.decode()
    assert SavedPrompt.objects.exists()
    assert owner_client.post(of(prompt, "prompt-delete")).url == LIST
    assert not SavedPrompt.objects.exists()


BAD = [
    {},
    {"name": "", "text": ""},
    {"name": "n", "text": "  \n "},
    {"name": "n" * 81, "text": "t"},
    {"name": "n", "text": "x" * 1_000_000},
    {"name": "n\x00", "text": "t"},
    {"name": "n", "text": "a\x00b"},
    {"name": "n", "text": "t", "command": "a b"},
    {"name": "n", "text": "t", "command": "mail"},
    {"name": "n", "text": "".join(f"{{{{v{n}}}}}" for n in range(500))},
]


@pytest.mark.parametrize("data", BAD, ids=range(len(BAD)))
def test_bad_input_is_told_and_kept_on_the_page(owner_client, prompt, data):
    other = save_prompt(prompt.owner, name="Other", text="other")
    for url in (CREATE, of(other, "prompt-change")):
        response = owner_client.post(url, data)
        assert response.status_code == 422
        assert 'class="errorlist' in response.content.decode()
    assert owner_client.post(CREATE, data, headers=HTMX).status_code == 422
    assert SavedPrompt.objects.count() == 2
    other.refresh_from_db()
    assert other.text == "other"


@pytest.mark.parametrize(
    "text",
    [
        "{% load static %}{% static 'x' %}",
        "{{ settings.SECRET_KEY }}",
        "{{ unbalanced",
        "}} {{{{ nested }} }}}}",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        '<b hx-get="/admin/">x</b>',
    ],
)
def test_template_code_and_markup_are_plain_text(owner_client, text):
    owner_client.post(CREATE, {"name": text[:80], "command": "code", "text": text})
    prompt = SavedPrompt.objects.get()
    assert prompt.text == text
    pages = [owner_client.get(LIST), owner_client.get(LIST, headers=HTMX)]
    pages += [owner_client.get(of(prompt, name)) for name in ("prompt-change", "prompt-delete")]
    for page in pages:
        html = page.content.decode()
        assert settings.SECRET_KEY not in html
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert '<b hx-get="/admin/">' not in html


# Filling


def fields(prompt: SavedPrompt, *values: str) -> dict[str, str]:
    return {f"fill-{prompt.pk}-v{number}": value for number, value in enumerate(values)}


def test_a_prompt_without_variables_comes_at_once(owner, owner_client):
    prompt = save_prompt(owner, name="n", text="Plain & <b>simple</b>")
    filled = owner_client.get(of(prompt, "prompt-fill"), headers=HTMX).content.decode()
    assert "<div hidden data-filled>Plain &amp; &lt;b&gt;simple&lt;/b&gt;</div>" in filled
    assert owner_client.get(of(prompt, "prompt-fill")).url.startswith("/?text=Plain+%26")


def test_variables_are_asked_for_in_a_dialog_and_filled_in(owner_client, prompt):
    url = of(prompt, "prompt-fill")
    dialog = owner_client.get(url, headers=HTMX).content.decode()
    assert dialog.count("<label") == 2
    assert 'value="friendly"' in dialog
    filled = owner_client.post(url, fields(prompt, "{{tone}}", ""), headers=HTMX).content.decode()
    assert "<div hidden data-filled>Write {{tone}} in a  way.</div>" in filled


def test_filling_works_without_a_script(owner, owner_client, prompt):
    url = of(prompt, "prompt-fill")
    assert "<dialog" not in owner_client.get(url).content.decode()
    sent = owner_client.post(url, fields(prompt, "thanks", "warm"))
    assert sent.url == "/?text=Write+thanks+in+a+warm+way."
    long = owner_client.post(url, fields(prompt, "x" * 5000, "warm"))
    assert long.status_code == 200
    assert "x" * 5000 in long.content.decode()


@pytest.mark.parametrize("value", ["", "  ", "a\x00b"])
def test_a_bad_value_is_told_at_its_field(owner_client, prompt, value):
    for headers in ({}, HTMX):
        response = owner_client.post(
            of(prompt, "prompt-fill"), fields(prompt, value, "warm"), headers=headers
        )
        assert response.status_code == 422
        assert 'aria-invalid="true"' in response.content.decode()


def test_a_prompt_cannot_be_blown_up(owner, owner_client):
    prompt = save_prompt(owner, name="n", text="{{a}}" * 20_000)
    response = owner_client.post(of(prompt, "prompt-fill"), fields(prompt, "x" * 100_000))
    assert response.status_code == 422
    assert "longer than 200000 characters" in response.content.decode().replace(",", "")
