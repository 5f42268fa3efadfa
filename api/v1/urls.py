from django.urls import path, re_path

from api.v1 import views

urlpatterns = [
    path("v1/models", views.model_list),
    path("v1/models/<path:name>", views.model_show),
    path("v1/chat/completions", views.chat_completion_create),
    path("v1/completions", views.completion_create),
    path("v1/embeddings", views.embedding_create),
    path("v1/images/generations", views.image_create),
    path("v1/moderations", views.moderation_create),
    path("v1/openapi.json", views.openapi_show),
    re_path(r"(?P<path>(?s:.*))", views.nowhere),  # line ends too
]
