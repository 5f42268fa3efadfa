from django.urls import path

from assistants import views

app_name = "assistants"
urlpatterns = [
    path("", views.prompt_list, name="prompt-list"),
    path("new/", views.prompt_create, name="prompt-create"),
    path("<uuid:prompt_id>/", views.prompt_change, name="prompt-change"),
    path("<uuid:prompt_id>/delete/", views.prompt_delete, name="prompt-delete"),
    path("<uuid:prompt_id>/fill/", views.prompt_fill, name="prompt-fill"),
]
