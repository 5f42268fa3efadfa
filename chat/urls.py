from django.urls import path

from chat import views

app_name = "chat"
urlpatterns = [
    path("", views.home, name="home"),
    path("start/", views.conversation_start, name="conversation-start"),
    path("draft/", views.new_draft_save, name="new-draft-save"),
    path("c/", views.conversation_list, name="conversation-list"),
    path("c/<uuid:pk>/", views.conversation_view, name="conversation-view"),
    path("c/<uuid:pk>/item/", views.conversation_item, name="conversation-item"),
    path("c/<uuid:pk>/rename/", views.conversation_rename, name="conversation-rename"),
    path("c/<uuid:pk>/delete/", views.conversation_delete, name="conversation-delete"),
    path("c/<uuid:pk>/draft/", views.draft_save, name="draft-save"),
    path("c/<uuid:pk>/send/", views.message_send, name="message-send"),
    path("c/<uuid:pk>/older/", views.message_older, name="message-older"),
    path("m/<uuid:pk>/stop/", views.message_stop, name="message-stop"),
    path("m/<uuid:pk>/regenerate/", views.message_regenerate, name="message-regenerate"),
    path("m/<uuid:pk>/continue/", views.message_continue, name="message-continue"),
    path("m/<uuid:pk>/show/", views.branch_switch, name="branch-switch"),
]
