"""Searching through the client API: people, addresses, tags, and what is not there."""

import pytest

from storage.queries import words
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


@pytest.mark.operation("GET /api/v2/search")
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


@pytest.mark.parametrize("tail", ["/a/{}", "/o/{}", "/@ana/{}"], ids=["person", "id", "page"])
@pytest.mark.parametrize("number", [2**63, 10**19 - 1, 10**19], ids=["64-bits", "19", "20"])
async def test_Z06_a_number_that_no_id_has_is_nobody_s(
    node: RunningNode, ana: Person, tail: str, number: int
) -> None:
    address = node.origin + tail.format(number)
    found = check("search", await ana.get(SEARCH, q=address, resolve="true"))
    assert found == {"accounts": [], "statuses": [], "hashtags": []}


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


@pytest.mark.operation("GET /api/v2/search")
async def test_posts_are_found_by_their_words_at_once(
    node: RunningNode, ana: Person, bo: Person, gina: Person
) -> None:
    first = await ana.say("The crane lifts the container")
    second = await bo.say("A crane is a bird, too", spoiler_text="Birds")
    files = await ana.say("@bo crane, between us", visibility="direct")

    async def ids(who: Person, q: str, **params: str) -> list[str]:
        found = check("search", await who.get(SEARCH, q=q, **params))
        return [post["id"] for post in found["statuses"]]

    assert await ids(bo, "crane") == [files["id"], second["id"], first["id"]]
    assert await ids(bo, "crane lift") == [first["id"]]
    assert await ids(bo, "birds") == [second["id"]]
    assert await ids(bo, "crane", type="statuses", limit="1", offset="1") == [second["id"]]
    assert await ids(bo, "crane", account_id=str(ana.id)) == [files["id"], first["id"]]
    assert await ids(bo, "crane", max_id=second["id"]) == [first["id"]]
    assert await ids(bo, "crane", min_id=second["id"]) == [files["id"]]
    assert await ids(bo, "from:@ana crane") == [files["id"], first["id"]]
    assert await ids(bo, f"from:{ana.acct} crane") == [files["id"], first["id"]]
    assert await ids(bo, "from:me crane") == [second["id"]]
    assert await ids(bo, "from:nobody crane") == await ids(bo, "crane", account_id="4711") == []
    assert await ids(bo, "crane", type="accounts") == []
    # G15, P04: nobody finds what they may not read, nor what is deleted or said no more.
    assert await ids(gina, "crane") == []
    cy = await node.person("cy")
    assert await ids(cy, "crane") == [second["id"], first["id"]]
    await bo.put(f"/api/v1/statuses/{second['id']}", status="A heron")
    assert await ids(cy, "crane") == [first["id"]]
    assert await ids(cy, "heron") == [second["id"]]
    await ana.delete(f"/api/v1/statuses/{first['id']}")
    assert await ids(cy, "crane") == []


@pytest.mark.operation("GET /api/v2/search")
async def test_tags_are_found_by_their_beginning(ana: Person, bo: Person, gina: Person) -> None:
    await ana.say("About #Lifting, #Liftgates and #rope")
    found = check("search", await bo.get(SEARCH, q="#lift", type="hashtags"))["hashtags"]
    assert [tag["name"] for tag in found] == ["lift", "liftgates", "lifting"]
    assert [tag["history"][0]["uses"] for tag in found] == ["0", "1", "1"]
    paged = await bo.get(SEARCH, q="lift", type="hashtags", limit="1", offset="1")
    assert [tag["name"] for tag in paged["hashtags"]] == ["liftgates"]
    # G13: a guest finds what she typed, with the figures of what nobody uses.
    nothing = await gina.get(SEARCH, q="lifting", type="hashtags")
    assert [tag["name"] for tag in nothing["hashtags"]] == ["lifting"]
    assert {day["uses"] for day in nothing["hashtags"][0]["history"]} == {"0"}


@pytest.mark.parametrize(
    "query",
    ["from:", "from:@", "before:never", "-", "a " * 400, "☃", "'; --", "x" * 900, "has:x is:y"],
)
async def test_D19_odd_questions_are_answered(ana: Person, query: str) -> None:
    check("search", await ana.get(SEARCH, q=query))
    for number in ("-1", "999999999999999999999"):
        answer = await ana.ask("GET", SEARCH, params={"q": "a", "offset": number, "max_id": number})
        assert answer.status in {200, 422}


async def test_whom_one_blocks_is_found_by_the_whole_handle_to_take_it_back(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/block")

    async def found(asking: Person, q: str) -> list[str]:
        answer = await asking.get("/api/v2/search", q=q, type="accounts")
        return [one["acct"] for one in answer["accounts"]]

    assert await found(ana, "bo") == ["bo"]
    assert await found(ana, "b") == []
    assert await found(bo, "ana") == []
    await ana.post(f"/api/v1/accounts/{bo.id}/unblock")
    assert await found(ana, "b") == ["bo"]
    assert await found(bo, "ana") == ["ana"]


async def test_G03_what_a_guest_looks_for_reads_up_nothing_of_others(
    node: RunningNode, ana: Person, gina: Person
) -> None:
    await ana.say("Something new")
    await node.db.write(words.wait, [4711])
    before = await node.db.read(words.waiting, 10)
    assert (await gina.get(SEARCH, q="something", type="statuses"))["statuses"] == []
    assert await node.db.read(words.waiting, 10) == before
    assert len((await ana.get(SEARCH, q="something", type="statuses"))["statuses"]) == 1
    assert await node.db.read(words.waiting, 10) == []


async def test_among_those_whom_one_follows_a_whole_handle_finds_nobody_else(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    whole = f"@bo@{node.node.handle_domain}"

    async def found() -> list[int]:
        wide = {"following": "true", "resolve": "true"}
        seen = []
        for query in ("bo", "@bo", whole, f"{node.node.origin}/@bo"):
            seen.append(len(await ana.get("/api/v1/accounts/search", q=query, **wide)))
            shown = await ana.get(SEARCH, q=query, type="accounts", **wide)
            seen.append(len(shown["accounts"]))
        return seen

    assert await found() == [0] * 8
    assert len(await ana.get("/api/v1/accounts/search", q=whole)) == 1
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    assert await found() == [1] * 8
