"""The ASGI application: pages over HTTP, streamed text over sockets."""

import os
from typing import Any

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# These need the apps to be ready.
from api.v1.application import application as api  # noqa: E402
from api.v1.application import is_api  # noqa: E402
from chat.consumers import ConversationConsumer  # noqa: E402
from config.files import StaticFiles  # noqa: E402
from config.origin import SameOrigin, nowhere  # noqa: E402
from config.pages import Pages  # noqa: E402
from generator.articles.consumers import ArticleConsumer  # noqa: E402
from generator.consumers import WorkConsumer  # noqa: E402

conversation: Any = ConversationConsumer.as_asgi()
work: Any = WorkConsumer.as_asgi()
article: Any = ArticleConsumer.as_asgi()
elsewhere: Any = nowhere
sockets = URLRouter(
    [
        path("ws/conversations/<uuid:conversation_id>/", conversation),
        path("ws/works/<uuid:work_id>/", work),
        path("ws/articles/<uuid:work_id>/", article),
        re_path("", elsewhere),
    ]
)
pages = StaticFiles(Pages())


async def http(scope: Any, receive: Any, send: Any) -> None:
    await (api if is_api(scope) else pages)(scope, receive, send)


application = ProtocolTypeRouter({"http": http, "websocket": SameOrigin(CookieMiddleware(sockets))})
