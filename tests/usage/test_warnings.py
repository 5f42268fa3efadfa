"""Who is told of a budget near its end, of what, and how often."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from smtplib import SMTPServerDisconnected
from unittest.mock import patch

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import translation

from accounts.models import ApiKey, Team
from providers.actions import add_model, add_provider
from providers.models import ModelSpec
from providers.values import Prompt, Turn, Usage
from tests.people import make_administrator, make_person
from usage.actions import Settlement, hold, payer_of, settle
from usage.limits import set_limits
from usage.models import Limit
from usage.nearing import Note
from usage.tasks import warn_of_budgets as task
from usage.warnings import warn_of_budgets

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_server(settings):
    settings.HAS_MAIL_SERVER = True


@pytest.fixture(autouse=True)
def spec(db) -> ModelSpec:
    provider = add_provider("P", "https://models.example.test/v1")
    return add_model(
        provider, "m", input_price=Decimal(1), output_price=Decimal(1), label="Model M"
    )


def budget(subject, spent, **budgets) -> Limit:
    limit = set_limits(subject, **(budgets or {"month_budget": Decimal(10)}))
    amount = Decimal(spent)
    Limit.objects.filter(pk=limit.pk).update(
        day_spent=amount, month_spent=amount, total_spent=amount
    )
    return limit


def spend(limit: Limit, spent) -> None:
    Limit.objects.filter(pk=limit.pk).update(month_spent=Decimal(spent))


def marks() -> tuple[int, int, int]:
    return Limit.objects.values_list("day_warned", "month_warned", "total_warned").get()


def test_each_share_is_told_once(owner):
    limit = budget(owner, "7.99")
    assert warn_of_budgets() == 0
    spend(limit, "8.40")
    assert [warn_of_budgets(), warn_of_budgets()] == [1, 0]
    assert marks() == (0, 80, 0)
    spend(limit, "9.70")
    assert warn_of_budgets() == 0
    spend(limit, "10.00")
    assert [warn_of_budgets(), warn_of_budgets()] == [1, 0]
    assert marks() == (0, 100, 0)
    assert [each.subject for each in mail.outbox] == [
        "[Causerie] 84 % of the budget of your account is used",
        "[Causerie] The budget of your account is used up",
    ]


def test_the_task_does_it(owner):
    budget(owner, "9")
    task()
    assert len(mail.outbox) == 1


def test_who_jumps_to_the_end_is_told_of_the_end_alone(owner):
    budget(owner, "11")
    assert warn_of_budgets() == 1
    assert "used up" in mail.outbox[0].subject


def test_the_mail_says_whose_what_of_what_and_until_when(owner):
    limit = budget(owner, "8.40")
    Limit.objects.filter(pk=limit.pk).update(day_spent=0)
    warn_of_budgets()
    (sent,) = mail.outbox
    assert sent.to == [owner.email]
    assert "this month's budget of your account, $8.40 of $10.00 are spent." in sent.body
    first = (Limit.objects.get().month + dt.timedelta(days=32)).replace(day=1)
    assert f"It starts anew on {first:%b}" in sent.body
    assert "refused" not in sent.body


@pytest.mark.parametrize(
    ("name", "words", "starts_anew"),
    [
        ("day_budget", "today's budget", True),
        ("month_budget", "this month's budget", True),
        ("total_budget", "the whole budget", False),
    ],
)
def test_each_window_has_its_words(owner, name, words, starts_anew):
    budget(owner, "1", **{name: Decimal(1)})
    warn_of_budgets()
    (sent,) = mail.outbox
    assert words in sent.body
    assert ("starts anew" in sent.body) == starts_anew
    assert "are refused" in sent.body


def test_what_pays_for_no_answer_any_more_is_the_end(owner, spec):
    limit = budget(owner, "0", month_budget=Decimal(1))
    spend(limit, 1 - Decimal(257) / 1_000_000)
    warn_of_budgets()
    assert marks()[1] == 80
    spend(limit, 1 - Decimal(255) / 1_000_000)
    warn_of_budgets()
    assert marks()[1] == 100


def test_the_cheapest_model_that_costs_something_says_what_is_the_end(owner, spec):
    dear = add_model(spec.provider, "d", input_price=Decimal(99), output_price=Decimal(999))
    free = add_model(spec.provider, "f", input_price=Decimal(0), output_price=Decimal(0))
    limit = budget(owner, "0.99", month_budget=Decimal(1))
    budget(dear, "0.99", month_budget=Decimal(1))
    warn_of_budgets()
    assert Limit.objects.get(pk=limit.pk).month_warned == 80
    assert Limit.objects.get(model=dear).month_warned == 100
    assert free.pk


def test_another_window_is_another_warning(owner):
    limit = budget(owner, "9", day_budget=Decimal(10))
    warn_of_budgets()
    Limit.objects.filter(pk=limit.pk).update(day=limit.day - dt.timedelta(days=1))
    assert warn_of_budgets() == 0, "yesterday's spending is no news"
    Limit.objects.filter(pk=limit.pk).update(day=limit.day, day_warned=0)
    assert warn_of_budgets() == 1


def test_a_call_in_a_new_day_lets_it_be_told_anew(owner, spec):
    limit = budget(owner, "0.9", day_budget=Decimal(1))
    warn_of_budgets()
    Limit.objects.filter(pk=limit.pk).update(day=limit.day - dt.timedelta(days=1))
    prompt = Prompt(turns=(Turn("user", "x"),), max_tokens=900_000)
    with transaction.atomic():
        record = hold(payer_of(owner), "chat", spec, prompt)
    settle(record, Settlement(Usage(10, 890_000), True, "stop"))
    assert marks()[0] == 0
    assert warn_of_budgets() == 1


def test_a_raised_budget_is_told_of_anew(owner):
    budget(owner, "9")
    warn_of_budgets()
    set_limits(owner, month_budget=Decimal(11))
    assert warn_of_budgets() == 1
    set_limits(owner, month_budget=Decimal(100))
    assert warn_of_budgets() == 0


def test_nothing_to_spend_is_no_news(owner):
    budget(owner, "0", day_budget=Decimal(0), month_budget=Decimal(0), total_budget=Decimal(0))
    assert warn_of_budgets() == 0


def test_of_a_key_its_owner_is_told(owner):
    key = ApiKey.objects.create(owner=owner, name="ci\nBcc: x", prefix="sk-cau-ab",
                                last_four="wxyz", digest=b"d")  # fmt: skip
    budget(key, "8.40")
    warn_of_budgets()
    (sent,) = mail.outbox
    assert sent.to == [owner.email]
    assert sent.subject == "[Causerie] 84 % of the budget of the key ci Bcc: x is used"
    for secret in (key.prefix, key.last_four):
        assert secret not in sent.subject + sent.body


@pytest.mark.parametrize("of", ["team", "model"])
def test_of_teams_and_models_the_administrators_are_told(owner, spec, of):
    first, second = make_administrator("one@example.test"), make_administrator("two@example.test")
    make_person("gone@example.test", is_staff=True, is_superuser=True, is_active=False)
    team = Team.objects.create(name="R & D")
    team.members.add(owner)
    budget(team if of == "team" else spec, "8.40")
    warn_of_budgets()
    assert sorted(each.to[0] for each in mail.outbox) == [first.email, second.email]
    assert ("the team R & D" if of == "team" else "the model Model M") in mail.outbox[0].body


def test_who_is_suspended_gets_no_mail(owner):
    budget(owner, "9")
    type(owner).objects.update(is_active=False)
    assert warn_of_budgets() == 1
    assert mail.outbox == []


def test_everybody_is_written_to_in_their_language(owner):
    owner.language = "zh-hans"
    owner.save()
    budget(owner, "9")
    heard = []
    with patch("usage.warnings.render_to_string", lambda *_: heard.append(translation.get_language()) or "x"):  # fmt: skip  # noqa: E501
        warn_of_budgets()
    assert set(heard) == {"zh-hans"}


def test_without_a_mail_server_nothing_is_sent_but_it_counts_as_told(owner, settings):
    settings.HAS_MAIL_SERVER = False
    budget(owner, "9")
    assert warn_of_budgets() == 1
    assert mail.outbox == []
    settings.HAS_MAIL_SERVER = True
    assert warn_of_budgets() == 0


def test_a_mail_server_that_fails_is_logged_without_addresses(owner, outsider, caplog):
    budget(owner, "9"), budget(outsider, "9")
    with patch("usage.warnings.send_mail", side_effect=SMTPServerDisconnected(owner.email)) as send:
        assert warn_of_budgets() == 2
    assert send.call_count == 2
    assert "SMTPServerDisconnected" in caplog.text
    assert owner.email not in caplog.text
    assert warn_of_budgets() == 0, "a lost mail is better than one each minute"


def test_it_is_one_query_while_there_is_nothing_to_tell(owner, django_assert_num_queries):
    budget(owner, "1")
    for _ in range(20):
        budget(make_person(), "2")
    with django_assert_num_queries(1) as captured:
        warn_of_budgets()
    assert "usage_usagerecord" not in captured.captured_queries[0]["sql"]


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_tells(owner):
    budget(owner, "9")

    def work(_: int) -> int:
        try:
            return warn_of_budgets()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, range(12))) == 1
    assert len(mail.outbox) == 1


# Notes on pages


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("day_budget", "You have used 84 % of today's budget."),
        ("month_budget", "You have used 84 % of this month's budget."),
        ("total_budget", "You have used 84 % of your budget."),
    ],
)
def test_a_person_is_told_of_their_budget(owner, spec, name, sentence):
    budget(owner, "8.49", **{name: Decimal(10)})
    assert Note.to(owner, spec) == Note(sentence)


def test_below_the_share_nothing_is_said(owner, spec):
    assert Note.to(owner, spec) is None
    budget(owner, "7.99")
    assert Note.to(owner, spec) is None
    assert Note.to(owner, None) is None


def test_a_teams_members_are_told_and_nobody_else(owner, outsider, spec):
    team = Team.objects.create(name="Sales")
    team.members.add(owner)
    budget(team, "8.40")
    said = Note("The team Sales has used 84 % of this month's budget.")
    assert Note.to(owner, spec) == said
    assert Note.to(owner, None) == said
    assert Note.to(outsider, spec) is None


def test_of_several_budgets_the_nearest_to_its_end_is_told(owner, spec):
    team = Team.objects.create(name="Sales")
    team.members.add(owner)
    budget(team, "9.50")
    budget(owner, "9", day_budget=Decimal(10), total_budget=Decimal("10.5"))
    assert "95 %" in Note.to(owner, spec).sentence


def test_a_models_budget_is_its_administrators_until_it_is_spent(owner, spec):
    limit = budget(spec, "9.9")
    assert Note.to(owner, spec) is None
    spend(limit, "10")
    note = Note.to(owner, spec)
    assert note.is_refusal
    assert note.sentence.startswith("The budget of the model Model M is used up.")


def test_the_note_at_the_end_is_the_refusal(owner, spec):
    budget(owner, "10")
    note = Note.to(owner, spec)
    assert note.is_refusal
    assert note.sentence.startswith("The budget of your account is used up. It starts anew on")


def test_what_is_full_for_a_moment_is_not_told(owner, spec):
    set_limits(owner, max_streams=1)
    Limit.objects.update(open_calls=1)
    assert Note.to(owner, spec) is None


def test_a_note_is_one_query(owner, spec, django_assert_num_queries):
    team = Team.objects.create(name="Sales")
    team.members.add(owner)
    budget(team, "9"), budget(owner, "9"), budget(spec, "1")
    with django_assert_num_queries(1):
        assert Note.to(owner, spec) is not None
