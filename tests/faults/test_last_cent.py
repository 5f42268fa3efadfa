"""Two hundred calls at the same moment, from twenty processes, for less than they want.

As many begin as there is room for, not one more and not one less; at every moment the counters of
each limit are the sums of the ledger's rows.
"""

import datetime as dt
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import partial
from uuid import uuid4

import pytest
from django.db.models import Count, F

from accounts.api_keys import issue_key
from accounts.models import ApiKey, Team, User
from providers.actions import add_model, add_provider, store_credential
from providers.models import ModelSpec
from providers.tokens import count
from providers.values import Prompt, Turn, Usage
from tests.faults import books
from tests.faults.callers import Order, Told
from tests.faults.crowd import SIZE, Crowd, watching
from tests.faults.house import House
from tests.people import make_person
from usage.actions import Settlement, hold, payer_of, settle
from usage.limits import set_limits
from usage.models import Limit, Payer, UsageRecord
from usage.standing import MINUTE, Window

CENT = Decimal("0.0001")  # the smallest budget
PROMPT = Prompt(turns=(Turn("user", "Say so."),), max_tokens=200)


@pytest.fixture(scope="module")
def crowd(standing_house: House) -> Iterator[Crowd]:
    standing_house.ensure()
    crowd = Crowd(standing_house)
    yield crowd
    crowd.close()


@dataclass
class Cast:
    """Who calls, and what is called: each of them can have a limit."""

    user: User
    team: Team
    key: ApiKey
    model: ModelSpec
    payers: tuple[Payer, ...]

    def limits(self) -> list[Limit]:
        subjects = {"user": self.user, "team": self.team, "key": self.key, "model": self.model}
        found = (Limit.objects.filter(**{name: each}) for name, each in subjects.items())
        return [limit for limits in found for limit in limits]

    def order(self, act: str, chance: random.Random, *prompts: Prompt, **more) -> Order:
        prompts = prompts or (PROMPT,)
        models = (self.model.pk,)
        return Order(act, chance.randrange(2**32), self.payers, models, prompts, **more)


def a_cast(chance: random.Random, *, people: int = 1) -> Cast:
    """Return one person with a key, or several of one team, and a model of odd prices."""
    users = [make_person() for _ in range(people)]
    team = Team.objects.create(name=f"Team {uuid4()}")
    team.members.set(users)
    key, _ = issue_key(users[0], "a key")
    prices = {
        "input_price": Decimal(chance.randint(10**6, 10**7)) / 10**6,
        "output_price": Decimal(chance.randint(10**7, 10**8)) / 10**6,
    }
    model = add_model(add_provider(f"P {uuid4()}", "https://models.example.test/v1"), "m", **prices)
    payers = tuple(payer_of(user, key if user == users[0] else None) for user in users)
    return Cast(users[0], team, key, model, payers)


def cost(model: ModelSpec, prompt: Prompt = PROMPT) -> Decimal:
    """Return what a call costs at most, or at least where its answer may be shorter."""
    read = tokens_of(model, prompt)
    written = min(256, prompt.max_tokens) if prompt.may_be_shorter else prompt.max_tokens
    exact = (read * model.input_price + written * model.output_price) / 1_000_000
    return exact.quantize(Decimal("1e-10"), ROUND_CEILING)


def tokens_of(model: ModelSpec, prompt: Prompt) -> int:
    return sum(count(turn.text, model) + 8 for turn in prompt.turns) + 8


def budget_for(calls: int, cast: Cast, spent: Decimal) -> Decimal:
    """Return the smallest budget that pays for so many calls more: it does not for another."""
    return (spent + calls * cost(cast.model)).quantize(CENT, ROUND_CEILING)


def called_before(cast: Cast) -> Decimal:
    """Let there be a settled call; returns its cost."""
    record = hold(cast.payers[0], "chat", cast.model, PROMPT)
    assert settle(record, Settlement(Usage(7, 131, 3), True, "stop"))
    return UsageRecord.objects.get(pk=record.pk).cost


def check(limits: Sequence[Limit], *, within: bool = True) -> None:
    """The counters are the ledger's sums; `within` the limits, where nobody changed those."""
    books.check_limits(Limit.objects.filter(pk__in=[limit.pk for limit in limits]))
    for limit in Limit.objects.filter(pk__in=[limit.pk for limit in limits]) if within else ():
        for window in Window:
            budget, spent = (getattr(limit, f"{window}_{what}") for what in ("budget", "spent"))
            assert budget is None or spent + limit.held <= budget, f"{limit} is overspent"
        assert limit.max_streams is None or limit.open_calls <= limit.max_streams


def check_all_closed(limits: Sequence[Limit]) -> None:
    check(limits)
    for limit in Limit.objects.filter(pk__in=[limit.pk for limit in limits]):
        assert (limit.open_calls, limit.held) == (0, 0)


def began(told: Sequence[Told]) -> int:
    return sum(len(each.began) for each in told)


def refusals(told: Sequence[Told]) -> Counter[str]:
    return Counter(kind for each in told for kind, _ in each.refused)


def test_two_hundred_at_once_for_the_last_cent(house, crowd, chance, times):
    for _ in range(times(2, 50)):
        fits = chance.choice([0, 1, 3, 17])
        subjects = chance.sample(["user", "team", "key", "model"], chance.randint(1, 4))
        alone = {"user", "key"} & {*subjects}
        cast = a_cast(chance, people=1 if alone else 4)
        spent = called_before(cast) if chance.random() < 0.7 else Decimal(0)
        for name in subjects:
            more = 0 if name == subjects[0] else chance.randint(0, 5)
            budgets = {
                f"{window}_budget": budget_for(fits + more, cast, spent) + (n and 1)
                for n, window in enumerate(chance.sample([*Window], chance.randint(1, 3)))
            }
            set_limits(getattr(cast, name), **budgets)
        limits = cast.limits()
        print(f"{fits} fit, by {subjects}")
        with watching(partial(check, limits)):
            told = crowd.obey(cast.order("begin", chance))
            assert began(told) == fits
            # With nothing held what is left would do: it is not used up.
            assert refusals(told) == {"budget_held" if fits else "budget": SIZE - fits}
            told = crowd.obey(cast.order("turn_over", chance))
            check_who_were_told_it_is_used_up(cast, limits, told)
            crowd.obey(cast.order("end", chance))
        check_all_closed(limits)


def test_answers_that_may_be_shorter_share_what_is_left(house, crowd, chance, times):
    prompts = [
        Prompt((Turn("user", "Say so. " * chance.randint(1, 40)),), longest, may_be_shorter=True)
        for longest in (100, 1000, 20_000)
    ]
    for _ in range(times(1, 50)):
        cast = a_cast(chance, people=3)
        budget = budget_for(chance.randint(20, 300), cast, Decimal(0))
        set_limits(cast.team, total_budget=budget)
        set_limits(cast.model, day_budget=budget + chance.choice([0, 1]))
        limits = cast.limits()
        with watching(partial(check, limits)):
            told = crowd.obey(cast.order("begin", chance, *prompts))
            check(limits)
            # Nobody ended meanwhile: whom the rest pays for now, it paid for then.
            left = budget - Limit.objects.get(team=cast.team).held
            needed = [cost(cast.model, prompt) for each in told for _, prompt in each.refused]
            print(f"{began(told)} began, {left} left, {len(needed)} refused")
            assert all(each > left for each in needed)
            told = crowd.obey(cast.order("turn_over", chance, *prompts))
            check_who_were_told_it_is_used_up(cast, limits, told)
            crowd.obey(cast.order("end", chance))
        check_all_closed(limits)


def check_who_were_told_it_is_used_up(cast: Cast, limits: Sequence[Limit], told) -> None:
    """What is spent never comes back: who was told so could not begin now either."""
    rows = Limit.objects.filter(pk__in=[limit.pk for limit in limits])
    lefts = [
        getattr(limit, f"{window}_budget") - getattr(limit, f"{window}_spent")
        for limit in rows
        for window in Window
        if getattr(limit, f"{window}_budget") is not None
    ]
    for each in told:
        for kind, prompt in each.refused:
            assert kind in ("budget", "budget_held")
            assert kind == "budget_held" or cost(cast.model, prompt) > min(lefts)


def test_two_hundred_at_once_for_a_few_places(house, crowd, chance, times):
    kinds = {
        "max_streams": "limit_streams",
        "requests_per_minute": "limit_requests",
        "tokens_per_minute": "limit_tokens",
    }
    for _ in range(times(2, 50)):
        cast = a_cast(chance, people=3)
        fits, name = chance.choice([0, 1, 3, 17]), chance.choice([*kinds])
        size = tokens_of(cast.model, PROMPT) + PROMPT.max_tokens
        most = fits * size + chance.randrange(size) if name == "tokens_per_minute" else fits
        limit = set_limits(cast.model, **{name: most})
        print(f"{fits} fit, by {name}")
        with watching(partial(check, [limit])):
            told = crowd.obey(cast.order("begin", chance))
        assert began(told) == fits
        too_large = name == "tokens_per_minute" and fits == 0
        assert refusals(told) == {"limit_size" if too_large else kinds[name]: SIZE - fits}
        if name != "max_streams" and fits:
            freed = chance.randint(1, fits)
            limit = a_minute_later(cast, freed, **{name: most})
        with watching(partial(check, [limit])):
            told = crowd.obey(cast.order("turn_over", chance))
        if name == "requests_per_minute" and fits:
            assert began(told) == freed
        elif name == "tokens_per_minute" and fits:  # those that end leave some, too
            assert began(told) >= freed
        crowd.obey(cast.order("end", chance))
        check_all_closed([limit])


def a_minute_later(cast: Cast, calls: int, **settings: int) -> Limit:
    """Let some of the calls under way have begun a minute ago, and the limit count them anew."""
    moved = UsageRecord.objects.filter(model=cast.model).values_list("pk", flat=True)[:calls]
    ago = dt.timedelta(seconds=MINUTE + 1)
    UsageRecord.objects.filter(pk__in=[*moved]).update(created_at=F("created_at") - ago)
    Limit.objects.filter(model=cast.model).delete()
    return set_limits(cast.model, **settings)


def test_a_minute_slides_for_all_of_them(house, crowd, chance, times):
    """However they come and go, within any minute there are no more than the limits allow."""
    cast, seconds = a_cast(chance, people=2), times(3, 150)
    calls, size, minute = 90, 20_000, dt.timedelta(seconds=60)
    set_limits(cast.model, requests_per_minute=calls)
    set_limits(cast.team, tokens_per_minute=size)
    told = crowd.obey(cast.order("churn", chance, seconds=seconds))
    rows = UsageRecord.objects.filter(model=cast.model).order_by("created_at")
    found = [(r.created_at, (r.input_tokens or 0) + (r.output_tokens or 0)) for r in rows]
    for n, (begin, _) in enumerate(found):
        within = [tokens for time_, tokens in found[n:] if time_ - begin < minute]
        assert len(within) <= calls
        assert sum(within) <= size
    print(f"{len(found)} calls in {seconds} s, refused {refusals(told)}")
    assert began(told) == len(found) > calls * (seconds // (MINUTE + 1)) / 2  # it does slide
    assert refusals(told).keys() <= {"limit_requests", "limit_tokens"}
    check_all_closed(cast.limits())


def test_who_is_refused_hears_of_the_limit_that_it_was(house, crowd, chance, times):
    """Also where places come and go as fast as callers take them."""
    cast = a_cast(chance, people=2)
    limits = [set_limits(cast.model, max_streams=30), set_limits(cast.team, max_streams=35)]
    with watching(partial(check, limits)):
        told = crowd.obey(cast.order("churn", chance, seconds=times(3, 60)))
    print(f"{began(told)} calls, refused {refusals(told)}")
    assert refusals(told).keys() == {"limit_streams"}
    check_all_closed(limits)


def test_limits_are_set_and_deleted_while_calls_begin_and_end(house, crowd, chance, times):
    cast, seconds = a_cast(chance, people=4), times(3, 120)
    provider = cast.model.provider
    store_credential(provider, "sk-free-0123456789abcdef", name="free", weight=1)
    store_credential(provider, "sk-full-0123456789abcdef", name="full", max_streams=100)
    subjects = {"user": cast.user, "team": cast.team, "key": cast.key, "model": cast.model}
    changes = Counter[str]()

    def change_limits() -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            name, act = chance.choice([*subjects]), chance.choice(["set", "set", "deleted"])
            if act == "set":
                set_limits(subjects[name], **some_settings(chance, cast))
            else:
                Limit.objects.filter(**{name: subjects[name]}).delete()
            changes[act] += 1
            time.sleep(chance.uniform(0, 0.1))

    with watching(lambda: check(cast.limits(), within=False)):
        told = crowd.obey(cast.order("churn", chance, seconds=seconds), meanwhile=change_limits)
    print(f"{began(told)} calls, refused {refusals(told)}; limits {changes}")
    assert began(told) > SIZE
    for subject in subjects.values():  # those that are new know it all, too
        set_limits(subject)
    check_all_closed(cast.limits())


def some_settings(chance: random.Random, cast: Cast) -> dict[str, int | Decimal]:
    """Return some limits that few callers or many are below."""
    made = {
        "requests_per_minute": chance.randint(100, 10_000),
        "tokens_per_minute": chance.randint(10_000, 1_000_000),
        "max_streams": chance.randint(1, SIZE),
        "day_budget": budget_for(chance.randint(1, 1000), cast, Decimal(0)),
        "total_budget": budget_for(chance.randint(1, 5000), cast, Decimal(0)),
    }
    return {name: made[name] for name in chance.sample([*made], chance.randint(0, 3))}


def test_a_providers_keys_take_no_more_than_they_may(house, crowd, chance, times):
    for _ in range(times(1, 50)):
        cast, limit = a_cast(chance), chance.choice(["max_streams", "requests_per_minute"])
        places = {name: chance.choice([1, 3, 10]) for name in "abc"[: chance.randint(1, 3)]}
        for name, most in places.items():
            secret = f"sk-{name}-0123456789abcdef"
            store_credential(cast.model.provider, secret, name=name, **{limit: most})
        rows = UsageRecord.objects.filter(model=cast.model)
        held = rows.filter(state="held")
        counts = held if limit == "max_streams" else rows

        def check_keys(counts=counts, places=places) -> None:
            for name, n in counts.values_list("credential__name").annotate(n=Count("pk")):
                assert n <= places[name]

        with watching(check_keys):
            told = crowd.obey(cast.order("begin", chance))
            assert refusals(told) == {"keys_busy": SIZE - sum(places.values())}
            assert dict(held.values_list("credential__name").annotate(n=Count("pk"))) == places
            told = crowd.obey(cast.order("turn_over", chance))
            if limit == "requests_per_minute":
                assert began(told) == 0
            crowd.obey(cast.order("end", chance))
        assert not held.exists()
