"""The socket of a work: results as they are written, parts as they are read, and who may listen."""

import time
import uuid

import pytest
from asgiref.sync import sync_to_async
from django.db.models.functions import Now

from accounts.actions import deactivate_user, erase_user
from boundary.markdown import render, verbatim
from generator.actions import add_variant, delete_work, pick_variant
from generator.consumers import WorkConsumer
from generator.models import Variant
from runs.actions import finish
from runs.buffer import Buffer, Frame
from runs.claims import claim
from runs.models import Run
from runs.states import State
from tests.chat.sockets import Socket
from tests.generator.readers import answer, filled, queued, variant_of
from tests.generator.test_long_material import pages
from tests.people import signed_in

pytestmark = [pytest.mark.usefixtures("sockets"), pytest.mark.django_db(transaction=True)]
TEXT = "# Boat\n\nA **cat** went\n\n- to sea\n- home\n\nThe end."


@pytest.fixture
def session(owner) -> str:
    return signed_in(owner).cookies["sessionid"].value


@pytest.fixture
def story(owner, model) -> Variant:
    return variant_of(owner, model, "story", filled("story", idea="A cat finds a boat."))


def path_of(variant: Variant) -> str:
    return f"/ws/works/{variant.work_id}/"


class Writer:
    """Writes the first queued answer of a variant as a worker does."""

    def __init__(self, run: Run) -> None:
        self.run = claim(run.pk, "writer")
        self.text = ""
        Run.objects.filter(pk=run.pk).update(first_text_at=Now())

    async def write(self, text: str) -> None:
        buffer = Buffer()
        frame = Frame(self.run.pk, self.run.topic, self.run.fence, len(self.text), text)
        pipe = buffer.pipeline()
        await buffer.append(pipe, frame, len(self.text.encode()))
        await pipe.execute()
        self.text += text

    async def end(self) -> None:
        await sync_to_async(finish)(self.run, State.DONE, text=self.text, finish_reason="stop")


async def written(variant: Variant) -> Writer:
    step = (await sync_to_async(queued)(variant))[0]
    return await sync_to_async(Writer)(step.run)


async def until(socket: Socket, text: str) -> list[dict]:
    seen = [await socket.patch()]
    while text not in seen[-1]["content"]:
        seen.append(await socket.patch())
    return seen


async def test_what_is_written_comes_and_then_its_end(story, session):
    socket = await Socket(path_of(story), session).opened()
    await until(socket, f'id="variant-{story.pk}"')
    writer = await written(story)
    for part in (TEXT[:9], TEXT[9:25], TEXT[25:]):
        await writer.write(part)
    await writer.end()
    last = (await until(socket, 'data-state="done"'))[-1]
    assert last["target"] == "#results"
    assert "hx-preserve" in last["content"]  # the page has the text already
    await socket.leave()


async def test_who_comes_late_gets_all_of_it(story, session):
    writer = await written(story)
    await writer.write(TEXT)
    socket = await Socket(path_of(story), session).opened()
    assert render(TEXT) in (await until(socket, "<strong>cat</strong>"))[-1]["content"]
    await writer.end()
    await until(socket, 'data-state="done"')
    await socket.leave()


async def test_one_that_ends_while_its_page_catches_up_is_shown(story, session, monkeypatch):
    writer = await written(story)
    await writer.write(TEXT)
    real = WorkConsumer._newest_text

    async def and_ends(self, run):
        text = await real(self, run)
        if writer.run.is_live:
            await writer.end()
        return text

    monkeypatch.setattr(WorkConsumer, "_newest_text", and_ends)
    socket = await Socket(path_of(story), session).opened()
    seen = await until(socket, 'data-state="done"')
    assert any("<strong>cat</strong>" in patch["content"] for patch in seen)
    await socket.leave()


async def test_plain_text_stays_as_it_is(owner, model, session):
    values = filled("completion", prompt="Once upon")
    variant = await sync_to_async(variant_of)(owner, model, "completion", values)
    socket = await Socket(path_of(variant), session).opened()
    await until(socket, f'id="variant-{variant.pk}"')
    writer = await written(variant)
    for part in (" a *ti", "me*\n<b>", "\n  there"):
        await writer.write(part)
    await writer.end()
    seen = await until(socket, 'data-state="done"')
    first, *rest = [each for each in seen if each["target"].startswith("#run-")]
    shown = first["content"].removesuffix("</code></pre>")
    shown += "".join(each["content"] for each in rest) + "</code></pre>"
    assert shown == verbatim(writer.text)
    await socket.leave()


async def test_the_reading_of_parts_is_told(owner, model, session):
    values = filled("summary", text=await sync_to_async(pages)(6))
    variant = await sync_to_async(variant_of)(owner, model, "summary", values)
    socket = await Socket(path_of(variant), session).opened()
    steps = await sync_to_async(queued)(variant)
    await sync_to_async(answer)(steps[0], "A note.")
    await until(socket, f"1 of {len(steps)} parts")
    for step in steps[1:]:
        await sync_to_async(answer)(step, "A note.")
    await until(socket, 'data-state="queued"')
    await socket.leave()


async def test_with_its_last_part_a_joined_result_is_done(owner, model, session):
    text = "\n\n".join(["The committee met on a Tuesday and talked about the budget. " * 8] * 4)
    values = filled("translation", text=text, language="German")
    variant = await sync_to_async(variant_of)(owner, model, "translation", values)
    socket = await Socket(path_of(variant), session).opened()
    steps = await sync_to_async(queued)(variant)
    assert len(steps) > 1
    for step in steps:
        await sync_to_async(answer)(step, "Der Ausschuss tagte am Dienstag und sprach lange.")
    last = (await until(socket, 'data-state="done"'))[-1]["content"]
    assert last.count("Der Ausschuss") == len(steps)
    assert "Pick this one" in last
    await socket.leave()


async def test_who_comes_back_in_the_middle_misses_nothing(story, session):
    socket = await Socket(path_of(story), session).opened()
    writer = await written(story)
    await writer.write(TEXT[:20])
    await until(socket, "<strong>cat</strong>")
    await socket.leave()
    await writer.write(TEXT[20:30])
    back = await Socket(f"{path_of(story)}?since={time.time()}", session).opened()
    shown = (await until(back, "<strong>cat</strong>"))[-1]["content"]
    assert render(writer.text) in shown
    await writer.write(TEXT[30:])
    await until(back, "The end.")
    await writer.end()
    await until(back, 'data-state="done"')
    await back.leave()


async def test_who_comes_late_to_plain_text_gets_it_as_it_is(owner, model, session):
    values = filled("completion", prompt="Once upon")
    variant = await sync_to_async(variant_of)(owner, model, "completion", values)
    writer = await written(variant)
    await writer.write("a *time*\n<b>")
    socket = await Socket(path_of(variant), session).opened()
    seen = await until(socket, "*time*")
    assert verbatim(writer.text) in seen[-1]["content"]
    await socket.leave()


async def test_a_second_try_takes_the_place_of_the_first(story, session):
    socket = await Socket(path_of(story), session).opened()
    await until(socket, f'id="variant-{story.pk}"')
    writer = await written(story)
    await writer.end()  # with nothing: it is asked once more
    second = await written(story)
    await second.write("Now it is.")
    await until(socket, "Now it is.")
    await second.end()
    await until(socket, 'data-state="done"')
    await socket.leave()


async def test_another_tabs_result_and_pick_come_too(story, model, session):
    socket = await Socket(path_of(story), session).opened()
    await until(socket, f'id="variant-{story.pk}"')
    added = await sync_to_async(add_variant)(story.work, model, uuid.uuid4())
    await until(socket, f'id="variant-{added.pk}"')
    await sync_to_async(answer)((await sync_to_async(queued)(added))[0], "Another.")
    await until(socket, 'data-state="done"')
    await sync_to_async(pick_variant)(added)
    *_others, picked = await until(socket, "result--picked")
    assert f'id="variant-{added.pk}"' in picked["content"]
    await socket.leave()


async def test_what_ended_since_the_page_was_made_is_sent(story, session):
    socket = Socket(f"{path_of(story)}?since=1", session)
    step = (await sync_to_async(queued)(story))[0]
    await sync_to_async(answer)(step, "Done before.")
    await socket.opened()
    await until(socket, "Done before.")
    await socket.leave()


@pytest.mark.parametrize("since", ["", "x", "1e400", "-5"])
async def test_an_unusable_since_is_left_out(story, session, since):
    socket = await Socket(f"{path_of(story)}?since={since}", session).opened()
    await socket.leave()


async def test_somebody_elses_work_is_not_there(story, outsider):
    other = (await sync_to_async(signed_in)(outsider)).cookies["sessionid"].value
    assert await Socket(path_of(story), other).refused() == 4404
    assert await Socket(f"/ws/works/{uuid.uuid4()}/", other).refused() == 4404


async def test_nobody_is_sent_away(story):
    assert await Socket(path_of(story)).refused() == 4401


@pytest.mark.parametrize("revoke", [deactivate_user, erase_user])
async def test_who_may_no_longer_read_is_sent_away_within_a_second(story, session, owner, revoke):
    socket = await Socket(path_of(story), session).opened()
    await until(socket, f'id="variant-{story.pk}"')
    await sync_to_async(revoke)(owner)
    revoked_at = time.monotonic()
    assert await socket.close_code(seconds=3) == 4401
    assert time.monotonic() - revoked_at < 1.2


async def test_a_work_that_is_deleted_closes_its_socket(story, session):
    socket = await Socket(path_of(story), session).opened()
    await until(socket, f'id="variant-{story.pk}"')
    await sync_to_async(delete_work)(story.work)
    assert await socket.close_code() == 4404
