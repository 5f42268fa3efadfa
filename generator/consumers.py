"""The socket of a work's page: its results as they are written."""

from uuid import UUID

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User
from boundary.markdown import Patch, StreamRenderer, VerbatimRenderer
from generator.models import Step, Work
from generator.own import recipe_of
from generator.recipes.base import Kind
from generator.results import Result, result_of, results_of
from runs.consumers import RunConsumer
from runs.following import Renderer
from runs.scopes import language_of, made_at
from runs.states import LIVE


class WorkConsumer(RunConsumer[Step]):
    """`/ws/works/<uuid>/?since=<seconds>`: `since` is when the page was made, since the epoch."""

    def topic(self) -> str:
        return f"work.{self.scope['url_route']['kwargs']['work_id']}"

    def may_read(self, user: User) -> bool:
        self.language = language_of(self.scope)
        work_id: UUID = self.scope["url_route"]["kwargs"]["work_id"]
        self.work = Work.objects.visible_to(user).defer("values").filter(pk=work_id).first()
        return self.work is not None

    def arrivals(self) -> tuple[list[Patch], list[Step]]:
        """Return the results that changed since the page was made, and the steps being written."""
        assert self.work is not None  # looked at just now
        live = self._steps().filter(run__state__in=LIVE).order_by("variant__number")
        late = self.work.variants.filter(updated_at__gt=made_at(self.scope))
        late_ids = late.exclude(steps__in=live).values_list("pk", flat=True)
        patches = [patch for pk in late_ids for patch in self._elements(pk)]
        return patches, list(live)

    def _steps(self) -> QuerySet[Step]:
        """Return the steps whose text is a result."""
        own = Step.objects.filter(variant__work=self.work, is_last=True)
        return own.select_related("run__served_by", "variant")

    def find(self, run_id: UUID) -> Step | None:
        return self._steps().filter(run_id=run_id).first()

    def renderer(self, subject: Step) -> type[Renderer]:
        assert self.work is not None
        is_plain = recipe_of(self.work).kind is Kind.PLAIN
        return VerbatimRenderer if is_plain else StreamRenderer

    def shown(self, subject: Step, on_page: str | None) -> list[Patch]:
        """Return the result's element, of the very moment in which the subject was read."""
        assert self.work is not None
        self.work.refresh_from_db(fields=["picked"])
        return self._written([result_of(self.work, subject, on_page)])

    def changed(self, what: str) -> list[Patch]:
        """Return the result that the reading of a part, or a pick, changed: "variant.<uuid>"."""
        variant_id = UUID(what.partition(".")[2])
        is_written = self._steps().filter(variant=variant_id, run__state__in=LIVE)
        return [] if is_written.exists() else self._elements(variant_id)

    def _elements(self, variant_id: UUID) -> list[Patch]:
        assert self.work is not None
        self.work.refresh_from_db(fields=["picked"])
        return self._written(results_of(self.work, [variant_id]))

    def _written(self, results: list[Result]) -> list[Patch]:
        with translation.override(self.language):
            contents = [
                render_to_string("generator/_result.html", {"result": result}) for result in results
            ]
        return [Patch("#results", "upsert key:data-order", content) for content in contents]
