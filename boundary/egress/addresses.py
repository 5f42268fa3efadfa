"""Which addresses may be called.

Public ones may. Loopback, private and shared ranges (RFC 1918, 4193, 6598) need `allow_private`,
which only an administrator gives, or an entry in `settings.EGRESS_ALLOW_PRIVATE` (networks in CIDR
notation). Link-local and cloud metadata addresses need the entry: a whole network that is allowed
does not mean the machine's own credentials. Multicast, reserved and unspecified ones never pass.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_METADATA = frozenset(
    map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200"))
)
# IPv6 ranges that carry an IPv4 address: NAT64 (RFC 6052, 8215) in the last 32 bits.
_NAT64 = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48")))
_SHARED = ipaddress.ip_network("100.64.0.0/10")
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")


class AddressNotAllowed(OSError):
    """The address may not be called. The message names it and is for logs."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one caller may reach beyond the public network.

    Without `heeds_list` what the settings list stays closed to it.
    """

    allow_private: bool = False
    heeds_list: bool = True

    def check(self, host: str) -> None:
        """Raise `AddressNotAllowed` unless the literal address `host` may be called."""
        address = _address(host)
        is_listed = self.heeds_list and any(address in network for network in _listed())
        if not is_listed and not self._permits(address):
            raise AddressNotAllowed(f"{address} is not an allowed address")

    def _permits(self, address: Address) -> bool:
        if address.is_multicast or address.is_unspecified or address.is_link_local:
            return False
        if address in _METADATA or address == ipaddress.IPv4Address("255.255.255.255"):
            return False
        if address.is_loopback or address in _SHARED or address in _SITE_LOCAL:
            return self.allow_private
        if address.is_private:
            return self.allow_private and not address.is_reserved
        return address.is_global and not address.is_reserved


def connector(
    rules: Rules,
    *,
    limit: int = 100,
    reuse: bool = False,
    resolver: AbstractResolver | None = None,
) -> aiohttp.TCPConnector:
    """Return a connector that connects only where `rules` allow; `reuse` keeps connections open.

    Every address a name leads to is checked, and the socket is made only for a checked one:
    this also catches literal addresses, which are never resolved.
    """

    def checked_socket(info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        rules.check(address[0])
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(
        limit=limit,
        resolver=_CheckingResolver(rules, resolver or aiohttp.ThreadedResolver()),
        socket_factory=checked_socket,
        force_close=not reuse,
        keepalive_timeout=30.0 if reuse else None,
    )


def refusal(error: BaseException) -> AddressNotAllowed | None:
    """Return the refused address that made a connection fail, if that is the reason."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, AddressNotAllowed):
            return seen
        seen = getattr(seen, "os_error", None) or seen.__cause__ or seen.__context__
    return None


class _CheckingResolver(AbstractResolver):
    """Refuses a name when any of its addresses is refused."""

    def __init__(self, rules: Rules, resolver: AbstractResolver) -> None:
        self._rules = rules
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            self._rules.check(each["host"])
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _address(host: str) -> Address:
    """Return the address that is really called: IPv4 inside IPv6 is taken out."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        raise AddressNotAllowed("not an address in its usual notation") from None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _listed() -> tuple[Network, ...]:
    return _networks(tuple(getattr(settings, "EGRESS_ALLOW_PRIVATE", ())))


@lru_cache(maxsize=8)
def _networks(listed: Sequence[str]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(each.strip(), strict=False) for each in listed)
