from django.urls import include, path

from generator import views

app_name = "generator"
urlpatterns = [
    path("", views.gallery, name="gallery"),
    path("recipes/", include("generator.own_urls")),
    path("own/<uuid:pk>/", views.own_recipe, name="own-recipe"),
    path("own/<uuid:pk>/check/", views.own_recipe_check, name="own-recipe-check"),
    path("works/", views.work_list, name="work-list"),
    path("works/<uuid:pk>/", views.work_view, name="work-view"),
    path("works/<uuid:pk>/another/", views.variant_add, name="variant-add"),
    path("works/<uuid:pk>/delete/", views.work_delete, name="work-delete"),
    path("variants/<uuid:pk>/stop/", views.variant_stop, name="variant-stop"),
    path("variants/<uuid:pk>/resume/", views.variant_resume, name="variant-resume"),
    path("variants/<uuid:pk>/pick/", views.variant_pick, name="variant-pick"),
    path("", include("generator.articles.urls")),
    path("<slug:slug>/", views.recipe_view, name="recipe-view"),
    path("<slug:slug>/check/", views.recipe_check, name="recipe-check"),
]
