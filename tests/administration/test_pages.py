"""Every page of the administration: for administrators, for others, and what it never shows."""

import pytest
from django.apps import apps
from django.contrib import admin as administration
from django.contrib.admin.utils import flatten_fieldsets
from django.test import Client
from django.urls import reverse
from django.utils.functional import Promise

from accounts.models import User
from chat.models import Conversation
from runs.models import Run
from tests.administration.scenery import SECRET, WRITTEN
from tests.people import make_person, signed_in
from usage.models import UsageRecord

OURS = ("ops", "accounts", "providers", "usage", "runs", "chat", "assistants", "generator")
REGISTERED = sorted(
    (model for model in administration.site._registry if model._meta.app_label in OURS),
    key=lambda model: model._meta.label,
)


def changelist(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_of(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def all_pages() -> list[str]:
    pages = [reverse("admin:index")]
    for model in REGISTERED:
        pages.append(changelist(model))
        pages += [page_of(row) for row in model._default_manager.all()]
    return pages


def test_everything_of_use_is_there():
    labels = {model._meta.label for model in REGISTERED}
    assert labels >= {
        "ops.AuditEntry",
        "accounts.User",
        "accounts.Team",
        "accounts.ApiKey",
        "providers.Provider",
        "providers.Credential",
        "providers.ModelSpec",
        "usage.Account",
        "usage.UsageRecord",
        "runs.Run",
        "chat.Conversation",
        "assistants.SavedPrompt",
        "generator.Work",
        "generator.OwnRecipe",
    }


def test_an_administrator_sees_every_page_with_things_in_it(admin_client, lived_in):
    for url in all_pages():
        assert admin_client.get(url).status_code == 200, url
    for model in REGISTERED:
        assert model._default_manager.exists(), f"no {model._meta.label} was looked at"


def test_nobody_else_gets_in(client, outsider_client, owner_client, lived_in):
    for url in [*all_pages(), reverse("admin:search")]:
        for somebody in (client, outsider_client, owner_client):
            assert somebody.get(url).status_code in (302, 403), url
            assert somebody.post(url, {"action": "stop"}).status_code in (302, 401, 403), url


def test_staff_without_rights_see_nothing(lived_in):
    staff = signed_in(make_person("staff@example.test", is_staff=True))
    for model in REGISTERED:
        assert staff.get(changelist(model)).status_code == 403
    assert lived_in.spec.label not in staff.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize("app", ["accounts", "providers", "usage"])
def test_what_a_page_names_can_be_said_in_other_languages(rf, admin, app):
    """A name that nobody chose is the attribute's own: English in every language."""
    request = rf.get("/")
    request.user = admin
    pages = administration.site._registry
    for model in (each for each in REGISTERED if each._meta.app_label == app):
        page, fields = pages[model], {field.name: field for field in model._meta.fields}
        names = {*map(str, page.get_list_display(request))}
        names |= set(flatten_fieldsets(page.get_fieldsets(request, model())))
        for name in names & set(fields) - {"id", *dir(page)}:
            assert isinstance(fields[name].verbose_name, Promise), f"{model.__name__}.{name}"


def test_no_page_shows_a_secret_or_what_people_wrote(admin, admin_client, lived_in):
    never = [SECRET, WRITTEN, WRITTEN.lower(), admin.password]
    searches = [f"{changelist(model)}?q=owner" for model in REGISTERED]
    for url in [*all_pages(), *searches, reverse("admin:search") + "?s=words"]:
        html = admin_client.get(url).content.decode()
        for words in never:
            assert words not in html, f"{words} on {url}"


def test_erasing_a_person_neither_lists_nor_is_stopped_by_what_is_theirs(
    admin_client, owner, lived_in
):
    Run.objects.update(state="stopped", finished_at=lived_in.run.created_at)
    url = reverse("admin:accounts_user_delete", args=[owner.pk])
    asked = admin_client.get(url).content.decode()
    assert owner.email in asked
    assert WRITTEN not in asked
    assert str(lived_in.conversation.pk) not in asked
    assert admin_client.post(url, {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=owner.pk).exists()
    assert not Conversation.objects.exists()
    record = UsageRecord.objects.get()
    assert "somebody who left" in admin_client.get(changelist(UsageRecord)).content.decode()
    assert admin_client.get(page_of(record)).status_code == 200


@pytest.mark.parametrize(
    "label",
    ["usage.Account", "usage.UsageRecord", "runs.Run", "chat.Conversation",
     "assistants.SavedPrompt", "generator.Work", "generator.OwnRecipe", "ops.AuditEntry"],
)  # fmt: skip
def test_what_is_to_be_looked_at_cannot_be_changed(admin_client, lived_in, label):
    model = apps.get_model(label)
    row = model._default_manager.first()
    before = model._default_manager.filter(pk=row.pk).values().get()
    base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert admin_client.get(reverse(f"{base}_add")).status_code == 403
    assert admin_client.post(reverse(f"{base}_add"), {}).status_code == 403
    assert admin_client.post(page_of(row), {"state": "released", "title": "x"}).status_code == 403
    delete = reverse(f"{base}_delete", args=[row.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403
    everything = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    admin_client.post(changelist(model), everything)
    assert model._default_manager.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("query", ["q=%00", "q=" + "x" * 5000, "p=abc", "p=99999999999", "o=99",
                                   "state__exact=nonsense", "created_at_from=x&created_at_to=y",
                                   "model__id__exact=x", "door=%00", "kind__exact=%00",
                                   "state__exact=%00"])  # fmt: skip
def test_bad_queries_never_break_a_list(admin_client, lived_in, query):
    answers = (400,) if "%00" in query else (200, 302)
    for model in REGISTERED:
        assert admin_client.get(f"{changelist(model)}?{query}").status_code in answers


@pytest.mark.parametrize("key", ["x", "_00", "9" * 400, "é"])
def test_a_page_of_no_row_leads_to_the_overview(admin_client, lived_in, key):
    for model in REGISTERED:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert admin_client.get(reverse(f"{base}_change", args=[key])).status_code == 302


def test_forms_need_their_token(admin, lived_in):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    chosen = {"action": "stop", "_selected_action": [str(lived_in.run.pk)]}
    assert client.post(changelist(Run), chosen).status_code == 403
    lived_in.run.refresh_from_db()
    assert lived_in.run.state == "queued"
