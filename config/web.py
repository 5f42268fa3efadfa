"""The web process: `python -m config.web` serves `config.asgi` at HOST and PORT."""

from typing import Any

import uvicorn

from config.environment import HOST, PORT, env

GRACEFUL_SECONDS = 8


class Server(uvicorn.Server):
    """uvicorn's, which at its end writes what calls came to, and closes their connections."""

    async def shutdown(self, sockets: Any = None) -> None:
        from usage.group_commit import group_commit
        from usage.metered import close_connections

        await super().shutdown(sockets)
        await group_commit().written()
        await close_connections()


def configuration() -> uvicorn.Config:
    behind_proxy = env.bool("BEHIND_PROXY", default=False)
    return uvicorn.Config(
        "config.asgi:application",
        host=HOST,
        port=PORT,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        # Frames are small and pages compress themselves; deflate would cost memory per socket.
        ws_per_message_deflate=False,
        ws_max_size=64 * 2**10,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        lifespan="off",
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=75,
        server_header=False,
        access_log=False,
        log_config=None,
        proxy_headers=behind_proxy,
        forwarded_allow_ips=env("FORWARDED_ALLOW_IPS", default="127.0.0.1"),
    )


def main() -> None:
    Server(configuration()).run()


if __name__ == "__main__":
    main()
