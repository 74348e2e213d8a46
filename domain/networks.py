"""Which addresses are hosts on the public internet: our own table.

It covers the IANA special-purpose registries (RFC 6890 and its updates), because the standard
library's `is_global` calls several translated forms of loopback global.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_V4_SPECIAL: Final = tuple(
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
_V6_GLOBAL: Final = IPv6Network("2000::/3")
_V6_SPECIAL: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments, Teredo among them
        *("2001:db8::/32", "3fff::/20"),  # documentation
        "2002::/16",  # 6to4
        *("2620:4f:8000::/48", "3ffe::/16"),  # AS112, 6bone
    )
)
_V6_LOOPBACK: Final = IPv6Address("::1")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_TRANSLATED: Final = (
    *(IPv6Network("::/96"), IPv6Network("::ffff:0:0/96"), IPv6Network("::ffff:0:0:0/96")),
    *(_NAT64, IPv6Network("64:ff9b:1::/48"), IPv6Network("2001::/32"), IPv6Network("2002::/16")),
)


def is_global(address: IPAddress) -> bool:
    """Whether an address is a host on the public internet, by our own table.

    Every block of the IANA special-purpose registries is refused, also those marked as globally
    reachable: no web server lives there. IPv6 is an allow-list, 2000::/3 less its special blocks.
    A mapped (RFC 4291 §2.5.5.2) or NAT64 (RFC 6052) address is judged by the IPv4 address inside.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _V4_SPECIAL)
    if address.scope_id is not None:
        return False
    inner = _inner_v4(address)
    if inner is not None:
        return is_global(inner)
    return address in _V6_GLOBAL and not any(address in network for network in _V6_SPECIAL)


def is_translated(address: IPv6Address) -> bool:
    """Whether an IPv6 address stands for an IPv4 address, in any of the known ways."""
    return address != _V6_LOOPBACK and any(address in network for network in _TRANSLATED)


def read_address(value: IPAddress | str) -> IPAddress | None:
    """The address that `value` is or spells; None if it spells none."""
    if not isinstance(value, str):
        return value
    try:
        return ip_address(value)
    except ValueError:
        return None


def _inner_v4(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped
