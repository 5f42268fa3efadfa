from django.urls import path

from generator import own_views as views

urlpatterns = [
    path("new/", views.recipe_create, name="recipe-create"),
    path("preview/", views.recipe_preview, name="recipe-preview"),
    path("<uuid:pk>/", views.recipe_change, name="recipe-change"),
    path("<uuid:pk>/versions/", views.recipe_versions, name="recipe-versions"),
    path("<uuid:pk>/share/", views.recipe_share, name="recipe-share"),
    path("<uuid:pk>/delete/", views.recipe_delete, name="recipe-delete"),
    path("versions/<uuid:pk>/", views.recipe_version, name="recipe-version"),
    path("versions/<uuid:pk>/restore/", views.recipe_restore, name="recipe-restore"),
]
