"""The articles' door: prompts made of the outline, texts into versions of sections."""

from generator.articles.writing import ask_of, take_answer
from generator.models import Asks, Writing
from generator.plan import prompt_of
from providers.errors import BadRequest
from providers.models import ModelSpec
from providers.values import Prompt
from runs.models import Run


class ArticleDoor:
    """See `runs.doors.Door`."""

    def build(self, run: Run, model: ModelSpec) -> Prompt:
        of_it = ("article__work", "section__current", "of")
        writing = Writing.objects.select_related(*of_it).filter(run=run).first()
        if writing is None:
            raise BadRequest("the article was deleted")
        prefix = run.prefix if writing.asks == Asks.REST else ""
        return prompt_of(ask_of(writing, model), model, prefix)

    def finish(self, run: Run) -> None:
        take_answer(run)

    def finished(self, run: Run) -> None:
        """Pages are told by the transaction that ended it: see `touch`."""
