"""The verbs: what may be kept, and whose it is."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from assistants import actions
from assistants.actions import change_prompt, fill_prompt, save_prompt
from assistants.models import SavedPrompt
from tests.people import make_person


def refused(call, **fields) -> dict:
    with pytest.raises(ValidationError) as caught:
        call(**fields)
    return {
        field: [error.code for error in errors] for field, errors in caught.value.error_dict.items()
    }


def test_a_prompt_is_kept_trimmed(owner):
    prompt = save_prompt(owner, name="  A \n name ", command=" /Mail ", text="\r\n One\r\nTwo \n")
    kept = SavedPrompt.objects.get()
    assert (kept.pk, kept.owner) == (prompt.pk, owner)
    assert (kept.name, kept.command, kept.text) == ("A name", "mail", "One\nTwo")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("Polite mail, please!", "polite-mail-please"),
        ("写邮件", "写邮件"),
        ("!!!", "prompt"),
        ("x" * 80, "x" * 35),
    ],
)
def test_a_command_is_made_of_the_name(owner, name, command):
    assert save_prompt(owner, name=name, text="t").command == command


def test_made_commands_are_numbered(owner, outsider):
    save_prompt(outsider, name="Mail", text="t")
    made = [save_prompt(owner, name="Mail", text="t").command for _ in range(3)]
    assert made == ["mail", "mail-2", "mail-3"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "  "}, {"name": ["empty"]}),
        ({"name": "x" * 81}, {"name": ["too_long"]}),
        ({"name": "a\x00b"}, {"name": ["no_text"]}),
        ({"name": "a\ud800"}, {"name": ["no_text"]}),
        ({"command": "two words"}, {"command": ["no_command"]}),
        ({"command": "a/b"}, {"command": ["no_command"]}),
        ({"command": "<script>"}, {"command": ["no_command"]}),
        ({"command": "x" * 41}, {"command": ["no_command"]}),
        ({"text": " \n "}, {"text": ["empty"]}),
        ({"text": "x" * 1_000_000}, {"text": ["too_long"]}),
        ({"text": "nul \x00"}, {"text": ["no_text"]}),
        ({"text": "half \udc00"}, {"text": ["no_text"]}),
        ({"text": " ".join(f"{{{{v{n}}}}}" for n in range(500))}, {"text": ["too_many_variables"]}),
        ({"name": "", "text": ""}, {"name": ["empty"], "text": ["empty"]}),
    ],
)
def test_bad_input_is_refused_at_its_field(owner, fields, expected):
    good = {"name": "A name", "command": "a-command", "text": "text"}
    assert refused(save_prompt, owner=owner, **{**good, **fields}) == expected
    assert not SavedPrompt.objects.exists()


def test_twenty_variables_are_fine_however_often_each_stands(owner):
    text = " ".join(f"{{{{v{n % 20}}}}}" for n in range(500))
    assert len(save_prompt(owner, name="n", text=text).variables) == 20


def test_a_command_is_ones_own_once(owner, outsider, prompt):
    assert refused(save_prompt, owner=owner, name="n", text="t", command="MAIL") == {
        "command": ["taken"]
    }
    other = save_prompt(outsider, name="n", text="t", command="mail")
    assert other.command == "mail"


def test_changing_keeps_the_command_unless_another_is_given(owner, prompt):
    change_prompt(prompt, name="New", text="new", command="")
    prompt.refresh_from_db()
    assert (prompt.name, prompt.command, prompt.text) == ("New", "mail", "new")
    assert prompt.updated_at > prompt.created_at
    save_prompt(owner, name="n", text="t", command="other")
    assert refused(change_prompt, prompt=prompt, name="n", text="t", command="other") == {
        "command": ["taken"]
    }


def test_a_change_does_not_bring_a_deleted_prompt_back(prompt):
    stale = SavedPrompt.objects.get()
    actions.delete_prompt(prompt)
    change_prompt(stale, name="n", text="t", command="c")
    assert not SavedPrompt.objects.exists()


def test_there_is_an_end(owner, monkeypatch):
    monkeypatch.setattr(actions, "MOST_PROMPTS", 2)
    for _ in range(2):
        save_prompt(owner, name="n", text="t")
    with pytest.raises(ValidationError, match="You have 2 prompts"):
        save_prompt(owner, name="n", text="t")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_get_two_commands():
    owner = make_person()
    barrier, failures = threading.Barrier(6), []

    def save() -> None:
        barrier.wait()
        try:
            save_prompt(owner, name="Mail", text="t")
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=save) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert SavedPrompt.objects.count() == 6


def test_filling_needs_what_has_no_default(prompt):
    assert fill_prompt(prompt, {"what": "a thank-you note"}) == (
        "Write a thank-you note in a friendly way."
    )
    assert refused(fill_prompt, prompt=prompt, values={"what": " "}) == {"what": ["required"]}


def test_a_short_prompt_cannot_be_blown_up(owner):
    prompt = save_prompt(owner, name="n", text="{{a}}" * 20_000)
    with pytest.raises(ValidationError, match="longer than"):
        fill_prompt(prompt, {"a": "x" * 100_000})


def test_own_prompts_are_found_the_closest_first(owner, outsider):
    for command, name, text in (
        ("zz", "Zebra", "about a mail"),
        ("mailing", "Letters", "t"),
        ("aa", "My mail", "t"),
        ("bb", "None", "t"),
    ):
        save_prompt(owner, name=name, command=command, text=text)
    save_prompt(outsider, name="Mail", command="mail", text="mail")
    own = SavedPrompt.objects.visible_to(owner)

    def found(query: str) -> list[str]:
        return list(own.matching(query).values_list("command", flat=True))

    assert found("mail") == ["mailing", "aa", "zz"]
    assert found("/MAIL") == ["mailing", "aa", "zz"]
    assert found("") == ["aa", "bb", "mailing", "zz"]
    assert found("%") == found("\x00_") == []
