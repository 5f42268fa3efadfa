"""The six numbers of a limit: what is taken, what is refused, and what an empty form means."""

from decimal import Decimal

import pytest
from django.db import transaction

from accounts.actions import delete_team, erase_user
from accounts.api_keys import issue_key, revoke_key
from accounts.errors import KeyRevoked
from accounts.models import Team
from providers import errors
from providers.actions import add_model, add_provider
from providers.models import ModelSpec
from providers.values import Prompt, Turn, Usage
from usage.actions import Settlement, hold, payer_of, release, settle
from usage.errors import SubjectGone
from usage.forms import LimitForm
from usage.limits import SETTINGS, remove_limits, set_limits
from usage.models import Limit

pytestmark = pytest.mark.django_db
PROMPT = Prompt(turns=(Turn("user", "Say so."),), max_tokens=81)
MONEY = [name for name in SETTINGS if name.endswith("budget")]
NUMBERS = [name for name in SETTINGS if name not in MONEY]


@pytest.fixture
def spec() -> ModelSpec:
    provider = add_provider("P", "https://models.example.test/v1")
    return add_model(provider, "m", input_price=Decimal(1), output_price=Decimal(1))


def begin(user, spec):
    with transaction.atomic():
        return hold(payer_of(user), "chat", spec, PROMPT)


def refused(subject, **given):
    form = LimitForm(given, subject=subject)
    assert not form.is_valid()
    return form.errors


def test_it_begins_with_what_is_set(owner):
    assert {field.value() for field in LimitForm(subject=owner)} == {None}
    set_limits(owner, day_budget=Decimal("2.5"), max_streams=3)
    shown = LimitForm(subject=owner)
    assert (shown["day_budget"].value(), shown["max_streams"].value()) == (Decimal("2.5"), 3)


@pytest.mark.parametrize(
    ("budget", "text"), [("2", "2"), ("20", "20"), ("2.5", "2.5"), ("0.0001", "0.0001"), ("0", "0")]
)
def test_a_budget_is_shown_as_it_is_typed(owner, budget, text):
    set_limits(owner, day_budget=Decimal(budget), total_budget=Decimal(1000))
    html = LimitForm(subject=owner).as_p()
    assert f'value="{text}"' in html
    assert 'value="1000"' in html


def test_all_six_are_saved(owner):
    numbers = {name: 10 + place for place, name in enumerate(SETTINGS)}
    form = LimitForm({name: str(number) for name, number in numbers.items()}, subject=owner)
    assert form.is_valid()
    assert form.save() == Limit.objects.get(user=owner)
    assert Limit.objects.values(*SETTINGS).get() == numbers


def test_what_is_left_empty_is_not_limited_any_more(owner):
    set_limits(owner, day_budget=Decimal(1), max_streams=3)
    form = LimitForm({"max_streams": "4"}, subject=owner)
    assert form.is_valid()
    form.save()
    assert Limit.objects.values_list("day_budget", "max_streams").get() == (None, 4)


@pytest.mark.parametrize("before", [{}, {"max_streams": 3}])
def test_with_nothing_left_the_limits_are_removed(owner, outsider, before):
    set_limits(outsider, max_streams=1)
    if before:
        set_limits(owner, **before)
    form = LimitForm({}, subject=owner)
    assert form.is_valid()
    assert form.save() is None
    assert Limit.objects.get().user == outsider


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(
    "text",
    ["-1", "-0.0001", "NaN", "sNaN", "Infinity", "-Infinity", "1e400", "1e-400", "9" * 11,
     "9" * 5000, "0.00001", "1\x002", "x", "1,000", "0x10", "1 2", "--1"],
)  # fmt: skip
def test_nonsense_is_refused_where_it_was_written(owner, name, text):
    assert list(refused(owner, **{name: text})) == [name]
    assert not Limit.objects.exists()


@pytest.mark.parametrize(("name", "text"), [("max_streams", "2147483648"), ("max_streams", "0.5")])
def test_what_a_column_does_not_hold_is_refused(owner, name, text):
    assert list(refused(owner, **{name: text})) == [name]


@pytest.mark.parametrize("name", SETTINGS)
def test_the_most_that_a_column_holds_is_taken(owner, name):
    most = "9999999999.9999" if name in MONEY else "2147483647"
    form = LimitForm({name: most}, subject=owner)
    assert form.is_valid()
    form.save()
    assert Limit.objects.values_list(name, flat=True).get() == Decimal(most)


@pytest.mark.parametrize("name", SETTINGS)
def test_with_zero_nothing_may_be_asked(owner, spec, name):
    form = LimitForm({name: "0"}, subject=owner)
    assert form.is_valid()
    form.save()
    with pytest.raises(errors.LimitReached):
        begin(owner, spec)


@pytest.mark.parametrize("name", MONEY)
def test_a_budget_of_zero_leaves_what_costs_nothing(owner, spec, name):
    set_limits(owner, **{name: Decimal(0)})
    spec.input_price = spec.output_price = Decimal(0)
    assert begin(owner, spec).held_cost == 0


class TestRemoving:
    def test_calls_under_way_end_as_if_nothing_had_been(self, owner, spec):
        set_limits(owner, max_streams=2)
        first, second = begin(owner, spec), begin(owner, spec)
        remove_limits(owner)
        assert settle(first, Settlement(Usage(1, 1), True, "stop"))
        assert release(second, "stop")
        assert not Limit.objects.exists()

    def test_limits_set_anew_count_what_is_still_under_way_once(self, owner, spec):
        set_limits(owner, total_budget=Decimal(1))
        record = begin(owner, spec)
        remove_limits(owner)
        anew = set_limits(owner, total_budget=Decimal(1))
        assert (anew.open_calls, anew.held) == (1, record.held_cost)
        settle(record, Settlement(Usage(10, 20), True, "stop"))
        anew.refresh_from_db()
        assert (anew.open_calls, anew.held, anew.total_spent) == (0, 0, Decimal("0.00003"))


class TestSubjectsThatGo:
    def test_a_person_who_was_erased(self, owner, admin):
        form = LimitForm({"max_streams": "1"}, subject=owner)
        assert form.is_valid()
        erase_user(type(owner).objects.get(pk=owner.pk))
        with pytest.raises(SubjectGone, match="not there any more"):
            form.save()

    def test_a_team_that_was_deleted(self):
        team = Team.objects.create(name="Sales")
        delete_team(Team.objects.get())
        with pytest.raises(SubjectGone):
            set_limits(team, max_streams=1)

    def test_a_model_that_was_deleted(self, spec):
        ModelSpec.objects.get().delete()
        with pytest.raises(SubjectGone):
            set_limits(spec, max_streams=1)

    def test_a_key_that_was_revoked_or_went_with_its_owner(self, owner, admin):
        key, _ = issue_key(owner, "k")
        set_limits(key, max_streams=1)
        revoke_key(key)
        with pytest.raises(KeyRevoked):
            set_limits(key, max_streams=2)
        assert Limit.objects.get().max_streams == 1
        erase_user(type(owner).objects.get(pk=owner.pk))
        with pytest.raises(SubjectGone):
            set_limits(key, max_streams=2)
        remove_limits(key)
        assert not Limit.objects.exists()
