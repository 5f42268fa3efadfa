"""Crafted selections in the lists of the administration: nothing is done, and nothing breaks."""

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse

from accounts.models import User
from tests.administration.scenery import WRITTEN, furnish, make_spec

REGISTERED = [type(each) for each in admin.site._registry.values()]
NONSENSE = ["x", "", "0", "-1", "9" * 400, "\x00", "' OR 1=1 --", "1e400", "\ud7ff", "None", "[]"]


@pytest.mark.parametrize("one", REGISTERED, ids=lambda one: one.__name__)
def test_rows_that_are_none(admin_client, owner, one):
    furnish(owner, make_spec())
    (registered,) = (each for each in admin.site._registry.values() if type(each) is one)
    of = registered.opts
    url = reverse(f"admin:{of.app_label}_{of.model_name}_changelist")
    actions = admin_client.get(url).context["cl"].model_admin.actions or ()
    rows = registered.model._default_manager.count()
    for action in [*actions, "delete_selected", "none"]:
        for index in ({"index": "0"}, {"index": "9" * 99}, {}):
            for chosen in (NONSENSE, [*NONSENSE, str(owner.pk).replace("-", "")[:31]]):
                given = {"action": action, ACTION_CHECKBOX_NAME: chosen, **index}
                assert admin_client.post(url, given).status_code in (200, 302)
    assert registered.model._default_manager.count() == rows
    assert User.objects.filter(is_active=True).count() == 2


def test_nonsense_among_them_leaves_the_others_chosen(admin_client, outsider):
    given = {"action": "deactivate_all", ACTION_CHECKBOX_NAME: ["x", outsider.pk], "index": "0"}
    admin_client.post(reverse("admin:accounts_user_changelist"), given)
    outsider.refresh_from_db()
    assert not outsider.is_active


@pytest.mark.parametrize("one", REGISTERED, ids=lambda one: one.__name__)
def test_no_column_is_guessed_letter_by_letter(admin_client, owner, one):
    """Which rows are still listed would tell whatever a page hides, as what people wrote."""
    furnish(owner, make_spec())
    (registered,) = (each for each in admin.site._registry.values() if type(each) is one)
    of = registered.opts
    url = reverse(f"admin:{of.app_label}_{of.model_name}_changelist")
    for field in of.concrete_fields:
        for lookup in ("startswith", "regex", "gt", "range", "year"):
            answer = admin_client.get(url, {f"{field.name}__{lookup}": WRITTEN})
            assert answer.status_code in (302, 400), f"{field.name}__{lookup}"
