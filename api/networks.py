"""The networks that a key may be used from, as people write them."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST = 50
_LONGEST_SHOWN = 60


def parse(text: str) -> tuple[str, ...]:
    """Return the networks of a text, in CIDR notation: one a line, or with commas between.

    Raises `ValidationError` with a sentence for the first that is none.
    """
    written = [each for each in re.split(r"[\s,;]+", text) if each]
    if len(written) > MOST:
        raise ValidationError(_("At most %s addresses, please.") % MOST, code="many")
    return tuple(dict.fromkeys(str(_network(each)) for each in written))


def _network(text: str) -> IPv4Network | IPv6Network:
    shown = text[:_LONGEST_SHOWN] + ("…" if len(text) > _LONGEST_SHOWN else "")
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        found = None
    if found is None or "%" in text:
        sentence = _("“%s” is no IP address or network.") % shown
        raise ValidationError(sentence, code="network")
    plain = _as_ipv4(found)
    if plain != found:
        sentence = _("Write “%(given)s” as %(network)s.")
        raise ValidationError(sentence % {"given": shown, "network": plain}, code="mapped")
    try:
        ip_network(text)
    except ValueError:
        sentence = _("“%(given)s” names a machine within a network. Did you mean %(network)s?")
        raise ValidationError(sentence % {"given": shown, "network": found}, code="host") from None
    return found


def _as_ipv4(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Return a network of IPv4 addresses that are written as IPv6 (RFC 4291, 2.5.5.2) as such."""
    first = network.network_address
    mapped = None if isinstance(first, IPv4Address) else first.ipv4_mapped
    if mapped is None or network.prefixlen < 96:
        return network
    return IPv4Network((mapped, network.prefixlen - 96))
