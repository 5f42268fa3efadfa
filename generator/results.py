"""Results as a page shows them: what `generator/_result.html` needs, with no query in it."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from boundary.markdown import render, verbatim
from generator.measures import measure
from generator.models import MOST_VARIANTS, Step, Variant, Work
from generator.own import recipe_of
from generator.recipes.base import Kind, Problem, Recipe
from generator.steps import BY_PERSON
from providers.errors import Sentence, sentence_of
from runs.models import Run
from runs.states import LIVE, State

LONGEST_FORMATTED = 100_000  # code points: half a second of work for a page, where it is rich
A_MOMENT = dt.timedelta(seconds=1)  # most answers wait less for a worker; their place is no news


@dataclass(frozen=True)
class Progress:
    """How far a long text is read: parts of the level at which the reading is, and whether any is
    being read.
    """

    done: int
    total: int
    is_live: bool

    @property
    def is_whole(self) -> bool:
        return self.done == self.total


@dataclass(frozen=True)
class Result:
    """One variant on show. `html` is sanitised; `text` is its source.

    `run` is that of the last step, if there is one already. Of a text that `is_on_page` only the
    place is sent.
    """

    variant: Variant
    run: Run | None
    text: str
    html: SafeString
    progress: Progress | None
    is_picked: bool
    kind: Kind
    is_outline: bool
    is_on_page: bool = False

    @property
    def id(self) -> UUID:
        return self.variant.pk

    @property
    def state(self) -> str:
        """The state of the last Run; before there is one "reading" or "paused".

        What was stopped is paused when its last part heard of it. Where the answers to the parts
        are the result, there never is a last Run: it is done with them.
        """
        if self.run is not None:
            return self.run.state
        if self.variant.paused_by:
            return "reading" if self._is_stopping else "paused"
        is_read = self.progress is None or self.progress.is_whole
        return State.DONE.value if is_read else "reading"

    @property
    def _is_stopping(self) -> bool:
        is_read = self.progress is not None and self.progress.is_live
        return self.variant.paused_by == BY_PERSON and is_read

    @property
    def is_live(self) -> bool:
        return self.state in ("reading", State.QUEUED, State.RUNNING)

    @property
    def is_plain(self) -> bool:
        return self.kind is Kind.PLAIN

    @property
    def is_table(self) -> bool:
        return self.kind is Kind.TABLE

    @property
    def is_raw(self) -> bool:
        """It is data that became no table: misread, or broken off."""
        return not self.is_live and is_raw(self.text, self.kind)

    @property
    def has_text(self) -> bool:
        return bool(self.text.strip())

    @property
    def is_partly_plain(self) -> bool:
        """It is so long that its end is shown as it was written."""
        return not self.is_live and not self.is_plain and len(self.text) > LONGEST_FORMATTED

    @property
    def is_cut(self) -> bool:
        return self.run is not None and self.run.finish_reason == "length"

    @property
    def is_cut_by_limit(self) -> bool:
        return self.is_cut and bool(self.run and self.run.error_kind)

    @property
    def waits_at_limit(self) -> bool:
        run = self.run
        return run is not None and run.state == State.RUNNING and bool(run.waits_for)

    @property
    def is_stopped(self) -> bool:
        return self.state == State.STOPPED or (
            self.state == "paused" and self.variant.paused_by == BY_PERSON
        )

    @property
    def can_resume(self) -> bool:
        """There is something to go on with, or to ask for once more."""
        return not self.is_live and (self.state != State.DONE or self.is_cut)

    @property
    def goes_on(self) -> bool:
        """Going on adds to what is there; otherwise it begins anew.

        What has a problem and is not done is an earlier answer, which is asked for once more.
        """
        is_earlier = bool(self.variant.problem) and self.state != State.DONE
        return not self.is_table and (
            self.progress is not None or (self.has_text and not is_earlier)
        )

    @property
    def sentence(self) -> Sentence:
        """What went wrong, safe to show."""
        kind = self.run.error_kind if self.run is not None else self.variant.paused_by
        return sentence_of(kind)

    @property
    def problem(self) -> str:
        """What is wrong with the text that is shown."""
        if self.variant.problem and not (self.run is not None and self.run.is_live):
            return self.variant.get_problem_display()
        return ""

    @property
    def advice(self) -> str:
        """What to do about an answer that is not in the form it was asked for."""
        if self.variant.problem != Problem.NOT_JSON:
            return ""
        return _(
            "Ask for one more, or choose another model: small ones seldom keep to a form. What it "
            "wrote is shown as it came."
        )

    @property
    def measure(self) -> str:
        """How long it is; nothing of data that became no table."""
        return "" if self.is_raw else measure(self.text, self.kind)

    @property
    def model_label(self) -> str:
        """The model that wrote it: where another answered in its name, that one."""
        served = self.run.served_by if self.run is not None else None
        model = served or self.variant.model
        return model.label if model else ""

    @property
    def place(self) -> int:
        """The place in the queue, from 1, of one that has waited for a moment; else 0."""
        run = self.run
        if run is None or run.state != State.QUEUED or timezone.now() - run.created_at < A_MOMENT:
            return 0
        return run.place_in_queue()


def results_of(work: Work, only: Collection[UUID] | None = None) -> list[Result]:
    """Return a work's results in their order, or those of the variants `only`."""
    variants = work.variants.select_related("model").order_by("number")
    if only is not None:
        variants = variants.filter(pk__in=only)
    shown = list(variants)
    last = _last_steps(shown)
    progress = _progress(shown)
    recipe = recipe_of(work)
    return [
        _result(work, variant, last.get(variant.pk), progress.get(variant.pk), recipe)
        for variant in shown
    ]


def result_of(work: Work, step: Step, on_page: str | None) -> Result:
    """Return the result of a last step, as the step was when it was read.

    `on_page` is what the page has of its text, or will have with it: HTML that is sanitised.
    """
    variant = work.variants.select_related("model").get(pk=step.variant_id)
    progress = _progress([variant]).get(variant.pk)
    return _result(work, variant, step, progress, recipe_of(work), on_page)


def html_of(text: str, kind: Kind, *, is_whole: bool = True) -> SafeString:
    """Return `text` as it is shown; what is very long is formatted up to the end of a line.

    What is still streamed as Markdown is so to its end.
    """
    if kind is Kind.PLAIN or (is_whole and is_raw(text, kind)):
        return verbatim(text)
    end = len(text)
    if end > LONGEST_FORMATTED:
        end = text.rfind("\n", 0, LONGEST_FORMATTED) + 1 or LONGEST_FORMATTED
    return render(text[:end]) + verbatim(text[end:])


def is_raw(text: str, kind: Kind) -> bool:
    return kind is Kind.TABLE and bool(text.strip()) and not text.startswith("|")


def _result(
    work: Work,
    variant: Variant,
    step: Step | None,
    progress: Progress | None,
    recipe: Recipe,
    on_page: str | None = None,
) -> Result:
    run, kind = step.run if step is not None else None, recipe.kind
    is_live = run is not None and run.is_live
    text = run.text if run is not None and is_live else variant.text
    if is_live and on_page is not None:
        html = SafeString(on_page)
    else:
        html = html_of(text, kind, is_whole=not is_live)
    return Result(
        variant=variant,
        run=run,
        text=text,
        html=html,
        progress=progress,
        is_picked=work.picked_id == variant.pk,
        kind=kind,
        is_outline=recipe.is_outline,
        is_on_page=not is_live and html == on_page,
    )


def _last_steps(variants: Sequence[Variant]) -> dict[UUID, Step]:
    steps = Step.objects.filter(variant__in=variants, is_last=True)
    found = steps.select_related("run__served_by").defer("text", "told")
    return {step.variant_id: step for step in found}


def _progress(variants: Sequence[Variant]) -> dict[UUID, Progress]:
    """Return how far each variant is that reads parts."""
    levels = (
        Step.objects.filter(variant__in=variants, is_last=False)
        .values("variant", "level")
        .annotate(
            total=Count("*"),
            done=Count("pk", filter=Q(run__state=State.DONE)),
            live=Count("pk", filter=Q(run__state__in=LIVE)),
        )
        .order_by("level")
    )
    return {
        row["variant"]: Progress(row["done"], row["total"], is_live=row["live"] > 0)
        for row in levels
    }


def can_have_more(results: Sequence[Result]) -> bool:
    return len(results) < MOST_VARIANTS
