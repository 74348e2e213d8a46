"""Searching through the client API: people, addresses, tags, and what is not there."""

import pytest

from tests.support.nodes import Person, RunningNode
from tests.support.strict import check

SEARCH = "/api/v2/search"


@pytest.mark.parametrize("path", ["/api/v2/search", "/api/v1/search"])
async def test_all_three_lists_are_always_there(ana: Person, path: str) -> None:
    assert check("search", await ana.get(path, q="nothing like this")) == {
        "accounts": [],
        "statuses": [],
        "hashtags": [],
    }


async def test_people_are_found_by_name_and_by_handle(ana: Person, bo: Person) -> None:
    for query in ("b", "@bo", "bo", bo.acct):
        found = check("search", await ana.get(SEARCH, q=query, type="accounts"))
        assert [account["acct"] for account in found["accounts"]] == ["bo"], query
    assert (await ana.get(SEARCH, q="bo", type="statuses"))["accounts"] == []
    assert (await ana.get(SEARCH, q="bo", type="accounts", offset="1"))["accounts"] == []


async def test_a_tag_is_found_whether_or_not_it_is_used(ana: Person) -> None:
    for query in ("#Lernen", "lernen"):
        found = check("search", await ana.get(SEARCH, q=query, type="hashtags"))
        assert [tag["name"] for tag in found["hashtags"]] == ["lernen"]
    for query in ("two words", "https://a.example/", "#", "@bo@here"):
        assert (await ana.get(SEARCH, q=query, type="hashtags"))["hashtags"] == []


async def test_an_address_of_ours_finds_what_it_shows(ana: Person, bo: Person) -> None:
    posted = await ana.say("Find me")
    for address in (posted["url"], posted["uri"]):
        found = check("search", await bo.get(SEARCH, q=address, resolve="true"))
        assert [post["id"] for post in found["statuses"]] == [posted["id"]]
    found = await bo.get(SEARCH, q=posted["account"]["url"], resolve="true")
    assert [account["acct"] for account in found["accounts"]] == ["ana"]


async def test_G15_an_address_one_may_not_see_finds_nothing(
    ana: Person, bo: Person, gina: Person
) -> None:
    network = await ana.say("For colleagues")
    direct = await ana.say("For me", visibility="direct")
    assert (await bo.get(SEARCH, q=direct["url"], resolve="true"))["statuses"] == []
    for address in (network["url"], direct["url"], network["account"]["url"], ana.acct):
        found = await gina.get(SEARCH, q=address, resolve="true")
        assert (found["statuses"], found["accounts"]) == ([], [])


@pytest.mark.parametrize(
    "query",
    [
        *("@nobody@127.0.0.1:9", "http://127.0.0.1:9/@nobody", "https://unknown.invalid/o/1"),
        *("http://", "@@", "@a@b@c", "https://[::1", "%" * 500, "x" * 5000, "\\_%"),
    ],
)
async def test_servers_that_do_not_answer_are_no_error(ana: Person, query: str) -> None:
    found = check("search", await ana.get(SEARCH, q=query, resolve="true", type="accounts"))
    assert found["accounts"] == []


async def test_searching_needs_something_to_search_for(node: RunningNode, ana: Person) -> None:
    assert (await ana.ask("GET", SEARCH)).status == 400
    assert (await ana.ask("GET", SEARCH, params={"q": "x", "limit": "-1"})).status == 400
    assert (await node.ask("GET", SEARCH, params={"q": "x"})).status == 401
