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
from chat.consumers import ConversationConsumer  # noqa: E402
from config.files import StaticFiles  # noqa: E402
from config.origin import SameOrigin, nowhere  # noqa: E402
from config.pages import Pages  # noqa: E402

conversation: Any = ConversationConsumer.as_asgi()
elsewhere: Any = nowhere
sockets = URLRouter(
    [path("ws/conversations/<uuid:conversation_id>/", conversation), re_path("", elsewhere)]
)
application = ProtocolTypeRouter(
    {"http": StaticFiles(Pages()), "websocket": SameOrigin(CookieMiddleware(sockets))}
)
