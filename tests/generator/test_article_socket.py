"""The socket of an article: sections as they are written, and what is changed elsewhere."""

import time
import uuid

import pytest
from asgiref.sync import sync_to_async

from accounts.actions import erase_user
from boundary.markdown import render
from generator.actions import delete_work
from generator.articles.actions import (
    accept_all,
    change_details,
    edit_section,
    mend_article,
    rewrite_section,
    stop_article,
)
from generator.articles.planning import remove_section, save_outline
from generator.models import Act, Article, Section
from runs.models import Run
from tests.chat.sockets import Socket
from tests.generator.newsroom import (
    DETAILS,
    asked,
    begun,
    obliging,
    reply,
    reply_all,
    sections,
    whole,
    words,
)
from tests.generator.test_socket import Writer, until
from tests.people import signed_in
from usage.limits import set_limits

pytestmark = [pytest.mark.usefixtures("sockets"), pytest.mark.django_db(transaction=True)]
TEXT = f"It **begins**.\n\n- one\n- two\n\n{words(90)}"


@pytest.fixture
def session(owner) -> str:
    return signed_in(owner).cookies["sessionid"].value


@pytest.fixture
def article(owner, model) -> Article:
    return begun(owner, model)


@pytest.fixture
def done(owner, model) -> Article:
    return whole(owner, model)


def path_of(article: Article, since: object = "") -> str:
    return f"/ws/articles/{article.pk}/" + (f"?since={since}" if since else "")


def now() -> float:
    """A moment as a page has it that is made just now, and long after all that was done."""
    return time.time() + 2


async def opened(article: Article, session: str, since: object = "") -> Socket:
    return await Socket(path_of(article, since), session).opened()


async def writer(article: Article, place: int = 0) -> Writer:
    waiting = await sync_to_async(asked)(article)
    return await sync_to_async(Writer)(waiting[place].run)


async def one(article: Article, place: int = 0) -> Section:
    return (await sync_to_async(sections)(article))[place]


async def all_of(socket: Socket, *texts: str) -> None:
    """Read until each was seen, in whichever order."""
    seen = ""
    while not all(text in seen for text in texts):
        seen += (await socket.patch())["content"]


async def done_with(socket: Socket, section: Section) -> str:
    """Return the section's element once it is done."""
    while True:
        content = (await until(socket, 'data-state="done"'))[-1]["content"]
        if f'id="section-{section.pk}"' in content:
            return content


async def test_what_is_written_comes_and_then_its_end(article, session):
    socket, section = await opened(article, session), await one(article)
    await until(socket, f'id="section-{section.pk}"')
    writing = await writer(article)
    for part in (TEXT[:9], TEXT[9:25], TEXT[25:]):
        await writing.write(part)
    await until(socket, "<strong>begins</strong>")
    await writing.end()
    preserved = "hx-preserve"  # the page has the text already
    await all_of(socket, preserved, "94 of about 100 words", "1 of 3 sections written")
    await socket.leave()


async def test_sections_that_are_written_at_once_do_not_mix(article, session):
    socket = await opened(article, session)
    writers = [await writer(article, 0), await writer(article, 0), await writer(article, 0)]
    for letter in "xyz":
        for n, each in enumerate(writers):
            await each.write(f"{'abc'[n]}{letter} ")
    for n, each in enumerate(writers):
        section = await one(article, n)
        await each.write(words(97))
        await each.end()
        await done_with(socket, section)
        text = (await one(article, n)).current.text
        assert text.startswith(" ".join(f"{'abc'[n]}{letter}" for letter in "xyz"))
    await socket.leave()


async def test_a_second_window_has_all_of_it(article, session):
    socket = await opened(article, session)
    writing = await writer(article)
    await writing.write(TEXT[:40])
    second = await opened(article, session, now())
    shown = (await until(second, "<strong>begins</strong>"))[-1]["content"]
    assert render(TEXT[:40]) in shown
    await writing.write(TEXT[40:])
    await writing.end()
    for window in (socket, second):
        await done_with(window, await one(article))
        await window.leave()


async def test_who_comes_back_in_the_middle_misses_nothing(article, session):
    socket = await opened(article, session)
    writing = await writer(article)
    await writing.write(TEXT[:20])
    await until(socket, "<strong>begins</strong>")
    await socket.leave()
    made_at = time.time()
    await writing.write(TEXT[20:])
    await writing.end()
    back = await opened(article, session, made_at)
    content = await done_with(back, await one(article))
    assert render(TEXT) in content
    await back.leave()


async def test_what_is_asked_for_more_stands_behind_what_there_is(article, session):
    socket, section = await opened(article, session), await one(article)
    writing = await writer(article)
    await writing.write(words(60, "first"))
    await writing.end()
    await until(socket, f'id="run-{(await sync_to_async(asked)(article))[0].run_id}"')
    more = await writer(article)
    await more.write(more.run.prefix + words(40, "more"))
    await until(socket, "more40")
    await more.end()
    await done_with(socket, section)
    assert (await one(article)).current.text == f"{words(60, 'first')}\n\n{words(40, 'more')}"
    await socket.leave()


async def test_a_second_try_takes_the_place_of_the_first(article, session):
    socket, section = await opened(article, session), await one(article)
    await until(socket, f'id="section-{section.pk}"')
    await (await writer(article)).end()  # with nothing: it is asked once more
    second = await writer(article)
    await second.write(words(100))
    await until(socket, "word100")
    await second.end()
    await done_with(socket, section)
    await socket.leave()


async def test_the_title_comes_when_it_is_found(article, session):
    socket = await opened(article, session)
    for writing in await sync_to_async(asked)(article):
        await sync_to_async(reply)(writing, words(100))
    await until(socket, "Being written")
    await sync_to_async(reply)((await sync_to_async(asked)(article))[0], DETAILS)
    await until(socket, "Bees use the sun.")
    await socket.leave()


# What is changed elsewhere


async def test_an_edit_elsewhere_comes(done, session):
    socket, section = await opened(done, session, now()), await one(done)
    await sync_to_async(edit_section)(section, "By *hand*.", section.current_id)
    await until(socket, "<em>hand</em>")
    await socket.leave()


async def test_a_new_title_elsewhere_comes(done, session):
    socket = await opened(done, session, now())
    await sync_to_async(change_details)(done, {"title": "Another title", "summary": "Short."})
    content = (await until(socket, "Another title"))[-1]["content"]
    assert 'id="article-details"' in content
    await socket.leave()


async def test_an_outline_that_is_changed_elsewhere_loads_the_page_anew(article, session):
    socket, section = await opened(article, session, now()), await one(article)
    await until(socket, f'id="section-{section.pk}"')
    await sync_to_async(save_outline)(article, {section.pk: {"heading": "Renamed"}})
    await until(socket, "data-reload")
    await socket.leave()


async def test_a_section_that_is_taken_out_elsewhere_loads_the_page_anew(done, session):
    socket, section = await opened(done, session, now()), await one(done)
    await sync_to_async(remove_section)(section)
    await until(socket, "data-reload")
    await sync_to_async(edit_section)(section, "Unseen.", section.current_id)
    await until(socket, "2 of 2 sections written")
    await socket.leave()


async def test_what_is_asked_and_stopped_elsewhere_is_seen(done, model, session):
    socket, section = await opened(done, session, now()), await one(done)
    await sync_to_async(rewrite_section)(section, Act.PLAINER, model, uuid.uuid4())
    await until(socket, 'data-state="queued"')
    await sync_to_async(stop_article)(done)
    content = await done_with(socket, section)
    assert "You stopped this." in content
    assert "word100" in content
    await socket.leave()


async def test_what_the_last_pass_proposes_comes(done, model, session):
    socket = await opened(done, session, now())
    await sync_to_async(mend_article)(done, model, uuid.uuid4())
    await until(socket, f"/articles/{done.pk}/stop/")
    await sync_to_async(reply_all)(done, lambda writing: f"{words(100)} Mended.")
    await until(socket, "<ins>")
    await until(socket, "Accept all 3 changes")
    await sync_to_async(accept_all)(done)
    await all_of(socket, *[f'id="section-{s.pk}"' for s in await sync_to_async(sections)(done)])
    await socket.leave()


async def test_a_limit_that_pauses_is_told(article, owner, session):
    socket = await opened(article, session)
    await sync_to_async(set_limits)(owner, requests_per_minute=0)
    for writing in await sync_to_async(asked)(article):
        await sync_to_async(reply)(writing, words(60))
    content = (await until(socket, "Go on"))[-1]["content"]
    assert 'id="article-state"' in content
    await socket.leave()


# Who may listen


async def test_somebody_elses_article_is_not_there(article, outsider):
    other = (await sync_to_async(signed_in)(outsider)).cookies["sessionid"].value
    assert await Socket(path_of(article), other).refused() == 4404
    assert await Socket(f"/ws/articles/{uuid.uuid4()}/", other).refused() == 4404


async def test_nobody_is_sent_away(article):
    assert await Socket(path_of(article)).refused() == 4401


async def test_whoever_speaks_is_sent_away(article, session):
    socket = await opened(article, session)
    await socket.say("hello")
    assert await socket.close_code() == 4400


@pytest.mark.parametrize("since", ["x", "1e400", "-5", "%00"])
async def test_an_unusable_since_is_left_out(article, session, since):
    socket = await opened(article, session, since)
    await until(socket, f'id="section-{(await one(article)).pk}"')
    await socket.leave()


async def test_a_deletion_closes_the_socket(article, session):
    socket = await opened(article, session)
    await until(socket, f'id="section-{(await one(article)).pk}"')
    await sync_to_async(delete_work)(article.work)
    assert await socket.close_code() == 4404


async def test_who_is_erased_is_sent_away(article, owner, session):
    socket = await opened(article, session)
    await until(socket, f'id="section-{(await one(article)).pk}"')
    await sync_to_async(erase_user)(owner)
    assert await socket.close_code() == 4401
    assert not await sync_to_async(Run.objects.filter(user=owner.pk).exists)()


async def test_going_on_elsewhere_is_followed(article, session):
    socket = await opened(article, session, now())
    await sync_to_async(reply_all)(article, obliging)
    await until(socket, "3 of 3 sections written")
    await socket.leave()
