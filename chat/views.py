"""The chat's pages. Each works as a plain form post; htmx gets only the part that changes."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from chat import actions, pages
from chat.bubbles import bubble_of, bubbles_of, bubbles_of_new
from chat.forms import MessageForm, TitleForm
from chat.models import Conversation, Message
from providers.errors import LimitReached
from runs.forms import ClientIdForm
from runs.refusals import Refusal

Again = Callable[..., actions.Exchange]


class Request(HttpRequest):
    """A request as the middleware hands it on: somebody is signed in."""

    user: User
    htmx: HtmxDetails


def _own(request: Request, pk: uuid.UUID) -> Conversation:
    conversation = get_object_or_404(Conversation.objects.visible_to(request.user), pk=pk)
    conversation.owner = request.user
    return conversation


def _own_message(request: Request, pk: uuid.UUID) -> Message:
    own = Message.objects.visible_to(request.user)
    message = get_object_or_404(own.select_related("conversation", "parent", "run"), pk=pk)
    message.conversation.owner = request.user
    return message


@contextmanager
def _not_found_where_deleted() -> Iterator[None]:
    """A conversation that is deleted while its request is under way is not found."""
    try:
        yield
    except Conversation.DoesNotExist:
        raise Http404 from None


def _asked(form: ClientIdForm, ask: Callable[[], actions.Exchange]) -> actions.Exchange | Refusal:
    """Return what `ask` makes of a valid form, or why nothing was made."""
    if form.is_valid():
        try:
            with _not_found_where_deleted():
                return ask()
        except LimitReached as error:
            return Refusal.by_limit(error)
        except ValidationError as error:
            form.add_error(None, error)
    return Refusal(form.sentence())


def _to(conversation: Conversation, anchor: str = "latest") -> HttpResponseRedirect:
    return redirect(f"{reverse('chat:conversation-view', args=[conversation.pk])}#{anchor}")


@require_safe
def home(request: Request) -> HttpResponse:
    return render(request, "chat/home.html", pages.new_chat(request.user, request.GET.get("text")))


@require_POST
def conversation_start(request: Request) -> HttpResponse:
    made_at = time.time()
    form = MessageForm(request.user, None, request.POST)
    exchange = _asked(form, lambda: actions.start_conversation(request.user, **form.cleaned_data))
    if isinstance(exchange, Refusal):
        if request.htmx:
            return exchange.into("#composer-error")
        context = pages.new_chat(request.user, request.POST.get("text", ""), exchange.sentence)
        return exchange.on_page(request, "chat/home.html", context)
    if not request.htmx:
        return _to(exchange.conversation)
    response = render(request, "chat/_started.html", pages.started(request.user, exchange, made_at))
    response["HX-Push-Url"] = reverse("chat:conversation-view", args=[exchange.conversation.pk])
    return response


@require_safe
@vary_on_headers("HX-Request")
def conversation_list(request: Request) -> HttpResponse:
    after = request.GET.get("after", "")
    try:
        cursor = pages.Cursor.parse(after) if after else None
    except (ValueError, OverflowError, OSError):
        raise Http404 from None
    template = "chat/_conversations.html" if request.htmx else "chat/conversation_list.html"
    return render(request, template, {"sidebar": pages.Sidebar.of(request.user, cursor)})


@require_safe
def conversation_view(request: Request, pk: uuid.UUID) -> HttpResponse:
    conversation = _own(request, pk)
    above = _above(request, conversation) if "before" in request.GET else None
    text = request.GET.get("text")
    context = pages.conversation_page(request.user, conversation, above=above, text=text)
    return render(request, "chat/conversation.html", context)


def _above(request: Request, conversation: Conversation) -> Message:
    """Return the message that `?before=` names."""
    try:
        return conversation.messages.get(pk=uuid.UUID(request.GET.get("before", "")))
    except (ValueError, Message.DoesNotExist):
        raise Http404 from None


@require_safe
def message_older(request: Request, pk: uuid.UUID) -> HttpResponse:
    conversation = _own(request, pk)
    page = pages.Page.of(Message.objects.page_before(_above(request, conversation)))
    context = {"conversation": conversation, "page": page}
    return render(request, "chat/_older_page.html", context)


@require_safe
def conversation_item(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _item(request, _own(request, pk))


def _item(request: Request, conversation: Conversation) -> HttpResponse:
    is_open = str(conversation.pk) in (request.htmx.current_url or "")
    row = pages.Row(conversation, heading="", is_open=is_open)
    return render(request, "chat/_renamed.html", {"row": row, "conversation": conversation})


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def conversation_rename(request: Request, pk: uuid.UUID) -> HttpResponse:
    conversation = _own(request, pk)
    form = TitleForm(
        request.POST if request.method == "POST" else None, initial={"title": conversation.title}
    )
    if form.is_valid():
        try:
            actions.rename_conversation(conversation, form.cleaned_data["title"])
        except ValidationError as error:
            form.add_error("title", error)
        else:
            with _not_found_where_deleted():
                conversation.refresh_from_db(fields=["title"])
            return _item(request, conversation) if request.htmx else _to(conversation)
    template = "chat/_rename.html" if request.htmx else "chat/conversation_rename.html"
    status = 422 if request.method == "POST" else 200
    return render(request, template, {"conversation": conversation, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def conversation_delete(request: Request, pk: uuid.UUID) -> HttpResponse:
    conversation = _own(request, pk)
    if request.method != "POST":
        template = "chat/_delete_dialog.html" if request.htmx else "chat/conversation_delete.html"
        return render(request, template, {"conversation": conversation})
    with _not_found_where_deleted():
        actions.delete_conversation(conversation)
    if request.htmx and str(pk) not in (request.htmx.current_url or ""):
        return render(request, "chat/_deleted.html", {"id": pk})
    messages.success(request, _("The conversation was deleted."))
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": reverse("chat:home")})
    return redirect("chat:home")


@require_POST
def draft_save(request: Request, pk: uuid.UUID) -> HttpResponse:
    with _not_found_where_deleted():
        actions.save_draft(request.user, _own(request, pk), request.POST.get("text", ""))
    return HttpResponse(status=204)


@require_POST
def new_draft_save(request: Request) -> HttpResponse:
    actions.save_draft(request.user, None, request.POST.get("text", ""))
    return HttpResponse(status=204)


@require_POST
def message_send(request: Request, pk: uuid.UUID) -> HttpResponse:
    conversation = _own(request, pk)
    form = MessageForm(request.user, conversation.model_id, request.POST)
    exchange = _asked(form, lambda: actions.send_message(conversation, **form.cleaned_data))
    if isinstance(exchange, Refusal):
        if request.htmx:
            return exchange.into("#composer-error")
        text = request.POST.get("text", "")
        context = pages.conversation_page(
            request.user, conversation, text=text, error=exchange.sentence
        )
        return exchange.on_page(request, "chat/conversation.html", context)
    if not request.htmx:
        return _to(exchange.conversation)
    is_new = exchange.answer.live_run is not None  # or one that was sent again found its answer
    bubbles = (bubbles_of_new if is_new else bubbles_of)([exchange.question, exchange.answer])
    return render(request, "chat/_exchange.html", {"bubbles": bubbles})


@require_POST
def message_stop(request: Request, pk: uuid.UUID) -> HttpResponse:
    message = _own_message(request, pk)
    actions.stop_answer(message)
    return HttpResponse(status=204) if request.htmx else _to(message.conversation)


@require_POST
def message_regenerate(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _answer_anew(request, pk, actions.regenerate)


@require_POST
def message_continue(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _answer_anew(request, pk, actions.continue_answer)


def _answer_anew(request: Request, pk: uuid.UUID, action: Again) -> HttpResponse:
    """Let `action` queue an answer in the place of an earlier one."""
    message = _own_message(request, pk)
    form = ClientIdForm(request.user, message.conversation.model_id, request.POST)
    exchange = _asked(form, lambda: action(message, **form.cleaned_data))
    if isinstance(exchange, Refusal):
        if request.htmx:
            return exchange.into("#composer-error")
        context = pages.conversation_page(
            request.user, message.conversation, error=exchange.sentence
        )
        return exchange.on_page(request, "chat/conversation.html", context)
    if not request.htmx:
        return _to(message.conversation)
    return render(request, "chat/_message.html", {"bubble": bubble_of(exchange.answer)})


@require_POST
def branch_switch(request: Request, pk: uuid.UUID) -> HttpResponse:
    message = _own_message(request, pk)
    with _not_found_where_deleted():
        actions.show_branch(message)
    return _to(message.conversation, f"message-{message.pk}")
