"""The socket of an article's page: its sections as they are written."""

from uuid import UUID

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User
from boundary.markdown import Patch
from generator.articles.showing import ArticleView, SectionView, view_of, views_of
from generator.models import Act, Article, Writing
from runs.consumers import RELOAD, RunConsumer
from runs.scopes import language_of, made_at
from runs.states import LIVE


class ArticleConsumer(RunConsumer[Writing]):
    """`/ws/articles/<uuid>/?since=<seconds>`: `since` is when the page was made."""

    def topic(self) -> str:
        return f"article.{self.scope['url_route']['kwargs']['work_id']}"

    def may_read(self, user: User) -> bool:
        self.language = language_of(self.scope)
        work_id: UUID = self.scope["url_route"]["kwargs"]["work_id"]
        self.article = Article.objects.visible_to(user).filter(pk=work_id).first()
        return self.article is not None

    def arrivals(self) -> tuple[list[Patch], list[Writing]]:
        """Return the sections that changed since the page was made, and what is being written."""
        live = self._writings().filter(run__state__in=LIVE).order_by("section__position")
        late = self._read().sections.in_order().filter(updated_at__gt=made_at(self.scope))
        patches = self._sections(list(late.values_list("pk", flat=True)))
        return [*patches, *self._state()], list(live)

    def _read(self) -> Article:
        assert self.article is not None  # looked at just now
        return self.article

    def _writings(self) -> QuerySet[Writing]:
        """Return the writings whose text is seen as it comes."""
        seen = Writing.objects.filter(article=self._read(), section__isnull=False)
        return seen.exclude(act=Act.MEND).select_related("run__served_by")

    def find(self, run_id: UUID) -> Writing | None:
        return self._writings().filter(run_id=run_id).first()

    def shown(self, subject: Writing, on_page: str | None) -> list[Patch]:
        """Return the section's element, of the very moment in which the subject was read."""
        view = view_of(subject, on_page)
        if view is None:
            return []
        return self._written([view])

    def changed(self, what: str) -> list[Patch]:
        """Return what a change does to the page: of one section, of all, or of their order."""
        name, _separator, key = what.partition(".")
        if name == "outline":
            return [RELOAD]
        if name == "section":
            return [] if self._is_written(UUID(key)) else self._sections([UUID(key)])
        return self._state()

    def _is_written(self, section_id: UUID) -> bool:
        return self._writings().filter(section=section_id, run__state__in=LIVE).exists()

    def _sections(self, section_ids: list[UUID]) -> list[Patch]:
        return self._written(views_of(self._read(), section_ids))

    def _written(self, views: list[SectionView]) -> list[Patch]:
        with translation.override(self.language):
            contents = [
                render_to_string("generator/articles/_section.html", {"view": view})
                for view in views
            ]
        return [Patch("#sections", "upsert key:data-order", content) for content in contents]

    def _state(self) -> list[Patch]:
        """Return how far the article is, and its title and summary."""
        article = Article.objects.select_related("work").filter(pk=self._read().pk).first()
        if article is None:
            return []
        shown = {"shown": ArticleView.of(article)}
        with translation.override(self.language):
            names = ("state", "details")
            contents = {
                name: render_to_string(f"generator/articles/_{name}.html", shown) for name in names
            }
        return [
            Patch(f"#article-{name}", "outerHTML", content) for name, content in contents.items()
        ]
