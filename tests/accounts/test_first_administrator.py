"""Thirty people sign up at the same moment: exactly one of them becomes the administrator."""

import multiprocessing
import os
import random

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client

from accounts import actions, first
from accounts.models import FirstAdministrator, User
from tests.accounts import racer

PEOPLE = 30
REPEATS = int(os.environ.get("FAULT_REPEATS", "3"))


@pytest.fixture
def runners():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.accounts.racer"])
    barrier = context.Barrier(PEOPLE)
    database = connection.settings_dict["NAME"]
    processes, ends = [], []
    for number in range(1, PEOPLE + 1):
        here, there = context.Pipe()
        process = context.Process(target=racer.race, args=(number, database, barrier, there))
        process.start()
        processes.append(process)
        ends.append(here)
    yield ends
    for end in ends:
        end.send(None)
    for process in processes:
        process.join(30)
        if process.is_alive():
            process.kill()


@pytest.mark.faults
@pytest.mark.timeout(1200)
@pytest.mark.django_db(transaction=True)
def test_thirty_at_once_make_one_administrator(runners):
    seed = int(os.environ.get("FAULT_SEED", random.randrange(2**32)))
    print(f"seed {seed}")
    order = random.Random(seed)
    for round_number in range(REPEATS):
        User.objects.all().delete()
        # Sometimes the row is there already, sometimes the first of them makes it.
        FirstAdministrator.objects.all().delete()
        if order.random() < 0.5:
            FirstAdministrator.objects.create()
        cache.clear()
        order.shuffle(runners)
        for number, runner in enumerate(runners):
            runner.send(f"r{round_number}p{number}@example.test")
        assert [runner.recv() for runner in runners] == [302] * PEOPLE
        assert User.objects.count() == PEOPLE
        assert User.objects.filter(is_superuser=True, is_staff=True).count() == 1
        assert User.objects.filter(is_superuser=False, is_staff=False).count() == PEOPLE - 1


@pytest.mark.django_db(transaction=True)
def test_the_next_one_is_first_when_the_one_before_fails():
    with transaction.atomic():
        assert first.claim()
        transaction.set_rollback(True)
    actions.sign_up("next@example.test", "gate-lan-41")
    assert User.objects.get().is_superuser


@pytest.mark.django_db
def test_claiming_twice_in_a_transaction_is_being_first_once():
    assert [first.claim(), first.claim(), first.claim()] == [True, False, False]


@pytest.mark.django_db
def test_the_second_person_costs_no_lock(django_assert_max_num_queries):
    actions.sign_up("first@example.test", "gate-lan-41")
    with django_assert_max_num_queries(1):
        assert not first.claim()
    assert Client().get("/accounts/signup/").status_code == 200
