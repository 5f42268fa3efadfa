"""The limits of one's own key: set, shown, lifted; and those that an administrator set."""

import pytest
from django.urls import reverse

from accounts.api_keys import issue_key
from accounts.models import ApiKey
from providers.models import ModelSpec
from tests.api.conftest import recently_proven
from tests.api.test_key_pages import of
from usage.errors import LimitsBind
from usage.forms import LimitForm
from usage.limits import limit_of, set_limits

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(owner) -> ApiKey:
    return issue_key(owner, "a script")[0]


def test_they_are_set_shown_and_lifted(holder, key):
    given = {"requests_per_minute": "10", "day_budget": "2.50"}
    response = holder.post(of(key, "key-limits"), given, follow=True)
    assert limit_of(key).requests_per_minute == 10
    html = response.content.decode()
    assert "$0.00 of $2.50" in html
    assert "<progress" in html
    holder.post(of(key, "key-limits"), {})
    assert limit_of(key) is None


def test_how_they_stand(holder, key):
    limit = set_limits(key, total_budget=4, day_budget=0)
    limit.total_spent, limit.held = 2, 1
    limit.save()
    response = holder.get(of(key, "key-change"))
    day, total = response.context["budgets"]
    assert (day.percent, total.percent, total.held) == (100, 75, 1)
    assert "$2.00 of $4.00, up to $1.00 more under way" in response.content.decode()


def test_it_says_what_a_budget_shuts_out(holder, key, house):
    sentence = "1 model cannot be used, since its price is not known"
    set_limits(key, max_streams=3)
    assert sentence not in holder.get(of(key, "key-change")).content.decode()
    set_limits(key, day_budget=3)
    assert sentence in holder.get(of(key, "key-change")).content.decode()
    ModelSpec.objects.update(input_price=1, output_price=1)
    assert sentence not in holder.get(of(key, "key-change")).content.decode()


def test_a_model_of_one_name_is_named_once(holder, key, house):
    choices = dict(holder.get(of(key, "key-change")).context["form"].fields["model_names"].choices)
    assert choices == {"plain-model": "plain-model (Plain)"}
    ModelSpec.objects.filter(name="plain").update(label="plain-model")
    choices = dict(holder.get(of(key, "key-change")).context["form"].fields["model_names"].choices)
    assert choices == {"plain-model": "plain-model"}


def test_those_of_an_administrator_bind(holder, key):
    """The owner sees them, and can neither raise nor lift them by whatever they send."""
    set_limits(key, total_budget=4, max_streams=2)
    page = holder.get(of(key, "key-change"))
    assert "Only administrators can change them" in page.content.decode()
    assert all(field.disabled for field in page.context["limits"].fields.values())
    for given in ({}, {"total_budget": "1000"}, {"max_streams": "1"}, {"binds_owner": ""}):
        response = holder.post(of(key, "key-limits"), given)
        assert response.status_code == 422
        assert "Only administrators can change them" in response.content.decode()
    limit = limit_of(key)
    assert (limit.total_budget, limit.max_streams, limit.binds_owner) == (4, 2, True)


def test_an_administrator_s_form_binds_and_deleting_it_frees(holder, key, admin):
    holder.post(of(key, "key-limits"), {"max_streams": "9"})
    assert not limit_of(key).binds_owner
    page = reverse("admin:usage_limit_change", args=[limit_of(key).pk])
    client = recently_proven(admin)
    client.post(page, {"max_streams": "3"})
    assert (limit_of(key).max_streams, limit_of(key).binds_owner) == (3, True)
    client.post(page.replace("/change/", "/delete/"), {"post": "yes"})
    holder.post(of(key, "key-limits"), {"max_streams": "7"})
    assert (limit_of(key).max_streams, limit_of(key).binds_owner) == (7, False)


@pytest.mark.parametrize("by_form", [{}, {"max_streams": "50"}])
def test_a_form_from_before_they_were_set_changes_nothing(key, by_form):
    set_limits(key, by_owner=True, max_streams=1)
    form = LimitForm(by_form, subject=key)
    assert form.is_valid()
    set_limits(key, max_streams=2)
    with pytest.raises(LimitsBind):
        form.save()
    assert limit_of(key).max_streams == 2


@pytest.mark.parametrize("value", ["-1", "NaN", "1e400", "9" * 400, "x", "\x00", "0.00001"])
@pytest.mark.parametrize("field", ["max_streams", "month_budget"])
def test_bad_input(holder, key, field, value):
    response = holder.post(of(key, "key-limits"), {field: value})
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert limit_of(key) is None
