from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "ops"

    def ready(self) -> None:
        from celery.signals import worker_ready, worker_shutdown

        from ops import logs, worker_watch

        logs.configure()
        worker_ready.connect(worker_watch.start, dispatch_uid="ops.worker_watch")
        worker_shutdown.connect(worker_watch.stop, dispatch_uid="ops.worker_watch")
