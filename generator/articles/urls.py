from django.urls import path

from generator.articles import outline_views, section_views, views

urlpatterns = [
    path("variants/<uuid:pk>/article/", views.article_begin, name="article-begin"),
    path("articles/<uuid:pk>/", views.article_view, name="article"),
    path("articles/<uuid:pk>/outline/", outline_views.outline_view, name="article-outline"),
    path("articles/<uuid:pk>/write/", views.article_write, name="article-write"),
    path("articles/<uuid:pk>/stop/", views.article_stop, name="article-stop"),
    path("articles/<uuid:pk>/mend/", views.article_mend, name="article-mend"),
    path("articles/<uuid:pk>/accept/", views.article_accept, name="article-accept"),
    path("articles/<uuid:pk>/suggest/", views.article_suggest, name="article-suggest"),
    path("articles/<uuid:pk>/details/", views.details_view, name="article-details"),
    path("sections/<uuid:pk>/write/", section_views.section_write, name="section-write"),
    path("sections/<uuid:pk>/stop/", section_views.section_stop, name="section-stop"),
    path("sections/<uuid:pk>/decide/", section_views.section_decide, name="section-decide"),
    path("sections/<uuid:pk>/edit/", section_views.section_edit, name="section-edit"),
    path("sections/<uuid:pk>/versions/", section_views.section_versions, name="section-versions"),
    path("versions/<uuid:pk>/restore/", section_views.version_restore, name="version-restore"),
]
