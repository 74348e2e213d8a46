"""What is kept of the addresses that requests come from, so that nobody fills the memory."""

from collections.abc import Iterator
from ipaddress import IPv4Address, ip_network
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from web import addresses
from web.addresses import LONGEST, address_of

PROXY = "127.0.0.1"
LONGEST_ADDRESS = "2001:0db8:0000:0000:0000:ffff:255.255.255.255"
ZONED = "2001:db8::1%"


class Behind:
    """A node that a proxy on the same machine tells where requests come from."""

    proxies = (ip_network("127.0.0.0/8"),)


class Open:
    """A node without a proxy."""

    proxies = ()


def counted(text: str, *, forwarded: bool) -> str:
    """As whom a caller is counted whose address is this text."""
    headers = {"X-Forwarded-For": text} if forwarded else {}
    request: Any = make_mocked_request("GET", "/", headers=headers)
    services: Any = Behind if forwarded else Open
    return address_of(request.clone(remote=PROXY if forwarded else text), services)


def kept() -> int:
    """Of how many texts the answer is kept."""
    return addresses._known.cache_info().currsize


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    addresses._known.cache_clear()
    yield
    addresses._known.cache_clear()


@pytest.mark.parametrize("forwarded", [False, True], ids=["itself", "by a proxy"])
@pytest.mark.parametrize(
    ("text", "whom", "is_kept"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("2001:db8::1", "2001:db8::/64", True),
        (LONGEST_ADDRESS, "2001:db8::/64", True),
        (ZONED + "z" * (LONGEST - len(ZONED)), "2001:db8::/64", True),
        (ZONED + "z" * (LONGEST - len(ZONED) + 1), "2001:db8::/64", False),
        (ZONED + "z" * 8_000, "2001:db8::/64", False),
    ],
    ids=["IPv4", "IPv6", "the longest", "a zone up to that", "one letter more", "a long zone"],
)
def test_A13_only_what_is_no_longer_than_an_address_is_kept(
    text: str, whom: str, is_kept: bool, forwarded: bool
) -> None:
    for _ in range(3):
        assert counted(text, forwarded=forwarded) == whom
    assert kept() == int(is_kept)
    assert addresses._known.cache_info().hits == (2 if is_kept else 0)


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1])
def test_A13_what_is_no_address_is_counted_as_the_proxy_that_said_it(length: int) -> None:
    for letter in "xyz":
        assert counted(letter * length, forwarded=True) == PROXY
    assert kept() == 1


def test_A13_many_callers_are_told_apart_and_few_are_kept() -> None:
    assert len(LONGEST_ADDRESS) == LONGEST
    most = addresses._known.cache_parameters()["maxsize"]
    assert most is not None
    assert most <= 10_000
    callers = [str(IPv4Address(0x0A000000 + number)) for number in range(most + 100)]
    assert [addresses._folded(caller) for caller in callers[:most]] == callers[:most]
    assert kept() == most
    assert [addresses._folded(caller) for caller in callers[most:]] == callers[most:]
    assert kept() == most
    assert counted(callers[0], forwarded=False) == callers[0], "forgotten, and found out again"
