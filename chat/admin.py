"""Conversations, by their measures alone: titles, messages and drafts are their owners' own."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Length
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from chat.models import Conversation, Message
from ops.admin import ReadOnlyAdmin, ReadOnlyInline
from ops.filters import DayFilter


class MessageInline(ReadOnlyInline):
    """When who wrote how much."""

    model = Message
    fk_name = "conversation"
    fields = ("role", "created_at", "characters", "state")
    readonly_fields = fields
    ordering = ("-created_at", "-pk")
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        messages = super().get_queryset(request).select_related("run")
        return messages.defer("text", "run__text", "run__prefix").annotate(
            text_length=Length("text")
        )

    @display(description=_("characters"))
    def characters(self, message: Any) -> int:
        return message.text_length

    @display(description=_("state"))
    def state(self, message: Message) -> str | None:
        return message.run.get_state_display() if message.run else None


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = ("updated_at", "owner", "messages_count", "model", "created_at", "id")
    list_select_related = ("owner", "model")
    list_filter = (("model", RelatedDropdownFilter), ("updated_at", DayFilter))
    ordering = ("-updated_at", "-pk")
    search_fields = ("owner__email",)
    search_help_text = _("by a person's e-mail address")
    whose = "owner"
    hidden = ("title",)
    fields = ("id", "owner", "model", "messages_count", "created_at", "updated_at")
    readonly_fields = ("messages_count",)
    inlines = (MessageInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        counted = (
            Message.objects.filter(conversation=OuterRef("pk"))
            .order_by()
            .values("conversation")
            .annotate(n=Count("*"))
            .values("n")
        )
        conversations = super().get_queryset(request)
        return conversations.annotate(message_count=Coalesce(Subquery(counted), 0))

    @display(description=_("messages"))
    def messages_count(self, conversation: Any) -> int:
        return conversation.message_count
