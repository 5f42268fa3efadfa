from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OpsConfig(AppConfig):
    name = "ops"
    verbose_name = _("This house")

    def ready(self) -> None:
        from celery.signals import worker_ready, worker_shutdown

        from ops import logs, worker_watch

        logs.configure()
        worker_ready.connect(worker_watch.start, dispatch_uid="ops.worker_watch")
        worker_shutdown.connect(worker_watch.stop, dispatch_uid="ops.worker_watch")
