"""The generator's door: prompts made by recipes, texts into steps and variants."""

from generator.models import Step
from generator.plan import ask_of, prompt_of
from generator.steps import take_answer
from providers.errors import BadRequest
from providers.models import ModelSpec
from providers.values import Prompt
from runs.hints import publish
from runs.models import Run


class GeneratorDoor:
    """See `runs.doors.Door`."""

    def build(self, run: Run, model: ModelSpec) -> Prompt:
        step = Step.objects.select_related("variant__work").filter(run=run).first()
        if step is None:
            raise BadRequest("the work was deleted")
        ask = ask_of(step, model)
        if step.told:
            ask = ask.told(step.told)
        return prompt_of(ask, model, run.prefix)

    def finish(self, run: Run) -> None:
        take_answer(run)

    def finished(self, run: Run) -> None:
        """Tell the page how far the reading of parts is; of a last step it is told by `runs`."""
        topic = run.topic.removesuffix(".parts")
        if topic != run.topic:
            step = Step.objects.filter(run=run).first()
            if step is not None:
                publish(topic, {"type": "topic.changed", "what": f"variant.{step.variant_id}"})
