from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GeneratorConfig(AppConfig):
    name = "generator"
    verbose_name = _("Generator")

    def ready(self) -> None:
        from generator.articles.door import ArticleDoor
        from generator.door import GeneratorDoor
        from runs import doors

        doors.register("generator", GeneratorDoor())
        doors.register("article", ArticleDoor())
