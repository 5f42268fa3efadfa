"""Under which names the house is reached: from `HOST`, `PORT` and the machine's own addresses."""

import ipaddress
import os
import re
import socket

import psutil

from ops.errors import CannotStart

LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"]
DEFAULT_PORT = 8000
# Not only of web sites: applications made of pages have schemes of their own.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
_STANDARD_PORTS = {"http": ":80", "https": ":443"}


def host() -> str:
    """Return the address to listen on."""
    return os.environ.get("HOST") or "127.0.0.1"


def port() -> int:
    """Return the port to listen on; raise `CannotStart` when `PORT` is none."""
    given = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not (given.isascii() and given.isdecimal()) or not 0 < int(given) < 65536:
        raise CannotStart(f"PORT={given} is not a port number.")
    return int(given)


def origins(given: list[str], variable: str) -> list[str]:
    """Return the origins in `given` as browsers send them, or `["*"]`.

    Raises `CannotStart` for what no browser would ever send: it would allow nobody.
    """
    found = [each.strip().lower() for each in given]
    if found == ["*"]:
        return found
    for each in found:
        scheme, _, name = each.partition("://")
        if not _ORIGIN.fullmatch(each) or name.endswith(_STANDARD_PORTS.get(scheme, "\n")):
            raise CannotStart(
                f"{variable}: “{each}” is not an origin, which is a scheme, a host and, unless it "
                "is the usual one, a port: https://app.example. A * stands alone."
            )
    return found


def is_loopback(listening: str) -> bool:
    """Whether only this machine reaches the address `listening`."""
    try:
        return listening == "localhost" or ipaddress.ip_address(listening).is_loopback
    except ValueError:
        return False


def names_for(listening: str) -> list[str]:
    """Return the names under which browsers reach a server that listens there.

    For "every address" (0.0.0.0 or ::) these are the machine's own addresses and its name.
    """
    if is_loopback(listening):
        return LOOPBACK_NAMES
    if listening not in {"0.0.0.0", "::"}:  # noqa: S104
        return [_bracketed(listening), *LOOPBACK_NAMES]
    found = [
        _bracketed(address.address.partition("%")[0])
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in {socket.AF_INET, socket.AF_INET6}
    ]
    others = [name for name in found if name not in LOOPBACK_NAMES]
    return [*others, socket.gethostname().lower(), *LOOPBACK_NAMES]


def nearest(listening: str) -> str:
    """Return the name under which this machine itself reaches a server that listens there."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
    return _bracketed(everywhere.get(listening, listening))


def public_url(listening: str, port_number: int) -> str:
    """Return the address to show when none is configured."""
    return f"http://{names_for(listening)[0]}:{port_number}"


def check_free(listening: str, port_number: int) -> None:
    """Raise `CannotStart` when the port is taken or not allowed."""
    family = socket.AF_INET6 if ":" in listening else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listening, port_number))
        except PermissionError:
            raise CannotStart(f"This user may not open port {port_number}: set PORT.") from None
        except OSError as error:
            raise CannotStart(
                f"{listening}:{port_number} cannot be opened ({error.strerror}): "
                "stop what uses it, or set PORT (and HOST)."
            ) from None


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
