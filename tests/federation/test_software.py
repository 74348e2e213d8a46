"""What kind of server an origin says that it runs (FEP-f1d5)."""

from typing import Any

import pytest

from federation.software import find_software
from storage.queries import origins
from storage.queries.keys import let_rest
from tests.inbox.home import Home
from tests.support.stranger import Page, Stranger

SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"


def tells(server: Stranger, name: Any, *, href: str | None = None) -> None:
    link = {"rel": f"{SCHEMA}2.1", "href": href or server.url("/nodeinfo/2.1")}
    older = {"rel": f"{SCHEMA}2.0", "href": server.url("/nodeinfo/2.0")}
    links = {"links": [link, older, {"rel": "other", "href": server.url("/other")}, "junk"]}
    server.pages["/.well-known/nodeinfo"] = Page(links, type="application/json")
    server.pages["/nodeinfo/2.1"] = Page({"software": {"name": name}}, type="application/json")


async def ask(here: Home, server: Stranger) -> str | None:
    origin_id = await here.db.write(origins.origin_id, server.origin)
    return await find_software(here.fetcher, origin_id)


async def test_the_newest_nodeinfo_names_the_software(here: Home, b: Stranger) -> None:
    tells(b, "Mastodon")
    assert await ask(here, b) == "mastodon"
    row = await here.db.read(origins.by_origin, b.origin)
    assert row is not None
    assert row.software == "mastodon"


async def test_a_server_is_asked_once_a_day(here: Home, b: Stranger) -> None:
    tells(b, "mastodon")
    for _ in range(3):
        assert await ask(here, b) == "mastodon"
    assert b.fetches("/nodeinfo/2.1") == 1
    tells(b, "gotosocial")
    await here.db.write(let_rest, f"nodeinfo {b.origin}", -1)
    assert await ask(here, b) == "gotosocial"


async def test_an_old_answer_is_better_than_none(here: Home, b: Stranger) -> None:
    tells(b, "mastodon")
    await ask(here, b)
    b.pages.clear()
    await here.db.write(let_rest, f"nodeinfo {b.origin}", -1)
    assert await ask(here, b) == "mastodon"


@pytest.mark.parametrize("name", [None, 7, "", {"a": 1}], ids=["none", "number", "empty", "object"])
async def test_nonsense_is_no_name(here: Home, b: Stranger, name: object) -> None:
    tells(b, name)
    assert await ask(here, b) is None


async def test_nodeinfo_of_another_server_is_not_believed(
    here: Home, b: Stranger, e: Stranger
) -> None:
    tells(e, "mastodon")
    tells(b, "mastodon", href=e.url("/nodeinfo/2.1"))
    b.pages.pop("/nodeinfo/2.1")
    assert await ask(here, b) is None
    assert e.fetches("/nodeinfo/2.1") == 0


async def test_G_a_server_that_is_not_admitted_is_not_asked(here: Home, x: Stranger) -> None:
    tells(x, "mastodon")
    assert await ask(here, x) is None
    assert x.seen == []
