"""What an operator does about other servers: `tertulia federation …` beside a node that serves."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from domain.kinds import AgreementKind, DeliveryState, Directory, RuleAction
from storage.queries import origins, outgoing
from storage.queries.agreements import AgreementRow
from storage.queries.agreements import put as put_agreement
from storage.tx import Tx
from tests.support.commands import done, refused
from tests.support.nodes import Nodes, Person, RunningNode, until
from tests.support.stranger import Page, Stranger, stranger
from tests.support.stranger import Person as Theirs

pytestmark = pytest.mark.both


@pytest.fixture
async def far() -> AsyncIterator[Stranger]:
    async with stranger("far") as server:
        yield server


@pytest.fixture
async def hq(nodes: Nodes) -> RunningNode:
    return await nodes.start("hq")


async def follows(person: Theirs, ana: Person) -> None:
    """Somebody elsewhere follows Ana, and her node knows it."""
    server, inbox = person.server, ana.node.origin + "/inbox"
    uri = (await ana.get("/api/v1/accounts/verify_credentials"))["uri"]
    answer = await server.deliver(person, inbox, server.activity(person, "Follow", uri))
    assert answer.status == 202

    async def asked() -> bool:
        return bool(await ana.get("/api/v1/follow_requests"))

    await until(asked)
    (request,) = await ana.get("/api/v1/follow_requests")
    await ana.post(f"/api/v1/follow_requests/{request['id']}/authorize")

    async def accepted() -> bool:
        return any(b'"Accept"' in seen.body for seen in server.seen)

    await until(accepted)


async def queued(node: RunningNode, server: Stranger, state: DeliveryState) -> int:
    row = await node.db.read(outgoing.host, server.origin)
    assert row is not None
    return row.waiting if state is DeliveryState.WAITING else row.dead


async def becomes(node: RunningNode, server: Stranger, state: DeliveryState, number: int) -> None:
    async def so() -> bool:
        return await queued(node, server, state) == number

    await until(so)


def got(server: Stranger, words: str) -> int:
    """How often words were taken in by a server's inbox."""
    return sum(words.encode() in seen.body for seen in server.seen if seen.method == "POST")


async def given_up(ana: Person, server: Stranger, words: str) -> str:
    """A post of Ana's that the server refused for good; its id."""
    server.pages["/inbox"] = Page(status=404)
    status = await ana.post("/api/v1/statuses", status=words, visibility="public")
    await becomes(ana.node, server, DeliveryState.DEAD, 1)
    return str(status["id"])


async def test_what_waits_and_what_failed_is_listed_and_tried_again(
    hq: RunningNode, far: Stranger
) -> None:
    ana, zoe = await hq.person("ana"), far.person("zoe")
    assert "No other server is known yet." in await done(hq, "federation", "hosts")
    await follows(zoe, ana)
    assert "No server fails." in await done(hq, "federation", "hosts", "--failing")
    far.pages["/inbox"] = Page(status=503)
    await ana.post("/api/v1/statuses", status="through the storm", visibility="public")

    async def missed() -> bool:
        return "failed 1 times" in await done(hq, "federation", "hosts", "--failing")

    await until(missed)
    shown = await done(hq, "federation", "show", far.authority)
    assert "waits  Create{Note}" in shown
    assert "answered 503" in shown
    assert "through the storm" not in shown  # kinds, not words
    del far.pages["/inbox"]
    before = got(far, "through the storm")
    assert "1 other" in await done(hq, "federation", "retry", far.authority)
    await becomes(hq, far, DeliveryState.WAITING, 0)
    assert got(far, "through the storm") == before + 1
    assert "No server fails." in await done(hq, "federation", "hosts", "--failing")


async def test_a_dead_letter_is_sent_again_unless_its_right_ended(
    hq: RunningNode, far: Stranger
) -> None:
    ana, zoe = await hq.person("ana"), far.person("zoe")
    await follows(zoe, ana)
    await given_up(ana, far, "given up too early")
    assert "1 dead" in await done(hq, "federation", "hosts", "--failing")
    assert "dead  Create{Note}" in await done(hq, "federation", "show", f"@zoe@{far.authority}")
    del far.pages["/inbox"]
    assert "1 dead letter" in await done(hq, "federation", "retry", "--all")

    async def arrived() -> bool:
        return got(far, "given up too early") == 2

    await until(arrived)
    await becomes(hq, far, DeliveryState.DEAD, 0)
    # The twin: what was taken back meanwhile is sent to nobody.
    taken_back = await given_up(ana, far, "better unsaid")
    del far.pages["/inbox"]
    await ana.delete(f"/api/v1/statuses/{taken_back}")
    await done(hq, "federation", "retry", far.authority)
    await becomes(hq, far, DeliveryState.DEAD, 0)
    await becomes(hq, far, DeliveryState.WAITING, 0)
    assert got(far, "better unsaid") == 1  # the first try alone


async def test_dead_letters_are_dropped_by_hand_alone(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await hq.person("ana"), far.person("zoe")
    await follows(zoe, ana)
    await given_up(ana, far, "never mind")
    assert "1 delivery" in await done(hq, "federation", "drop", far.authority)
    assert await queued(hq, far, DeliveryState.DEAD) == 0
    assert "0 deliveries" in await done(hq, "federation", "drop", far.authority)


async def test_an_actor_is_asked_for_again_at_once(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await hq.person("ana"), far.person("zoe")
    await follows(zoe, ana)
    for name, actor in (("Zoe Far", zoe.uri), ("Zoe Farther", f"@zoe@{far.authority}")):
        zoe.document["name"] = name
        assert f"name: {name};" in await done(hq, "federation", "refetch", actor)
        found = await ana.get(f"/api/v1/accounts/lookup?acct=zoe@{far.authority}")
        assert found["display_name"] == name
    far.pages[zoe.path] = Page(status=500)
    assert "could not be had" in await refused(hq, "federation", "refetch", zoe.uri)
    assert "neither an address" in await refused(hq, "federation", "refetch", "zoe")
    nobody = f"@nobody@{far.authority}"
    assert await refused(hq, "federation", "refetch", nobody)


async def post_of(zoe: Theirs, ana: Person, words: str) -> None:
    """A post of Zoe's arrives in Ana's home."""
    server = zoe.server
    note = server.note(zoe, content=f"<p>{words}</p>")
    note["published"] = "2026-11-21T10:00:00Z"
    activity = server.activity(zoe, "Create", note, to=note["to"], cc=note["cc"])
    assert (await server.deliver(zoe, ana.node.origin + "/inbox", activity)).status == 202

    async def there() -> bool:
        return words in await read(ana)

    await until(there)


async def read(ana: Person) -> str:
    """All words in Ana's home and among everything public to her."""
    pages = ("/api/v1/timelines/home", "/api/v1/timelines/public")
    return " ".join([one["content"] for page in pages for one in await ana.get(page)])


async def friends(ana: Person, zoe: Theirs) -> str:
    """They follow each other; Zoe's id on Ana's node."""
    await follows(zoe, ana)
    acct = f"{zoe.handle}@{zoe.server.authority}"
    found = (await ana.get(f"/api/v2/search?q={acct}&resolve=true"))["accounts"]
    account_id = str(found[0]["id"])
    before = len(_follows(zoe.server))
    await ana.post(f"/api/v1/accounts/{account_id}/follow")

    async def asked() -> bool:
        return len(_follows(zoe.server)) > before

    await until(asked)
    accept = zoe.server.activity(zoe, "Accept", _follows(zoe.server)[-1])
    assert (await zoe.server.deliver(zoe, ana.node.origin + "/inbox", accept)).status == 202

    async def following() -> bool:
        found = await ana.get(f"/api/v1/accounts/relationships?id[]={account_id}")
        return bool(found[0]["following"])

    await until(following)
    return account_id


def _follows(server: Stranger) -> list[str]:
    """The ids of all Follows that a server got."""
    told = [orjson.loads(seen.body) for seen in server.seen if seen.method == "POST"]
    return [one["id"] for one in told if one["type"] == "Follow"]


async def test_a_server_is_forgotten_whole_and_nothing_else(hq: RunningNode, far: Stranger) -> None:
    ana = await hq.person("ana")
    async with stranger("near") as near:
        zoe, kim = far.person("zoe"), near.person("kim", key=1)
        zoe_id, kim_id = await friends(ana, zoe), await friends(ana, kim)
        await post_of(zoe, ana, "from far")
        await post_of(kim, ana, "from near")
        asked = await refused(hq, "federation", "purge", far.authority, answer="n\n")
        assert "Aborted" in asked
        assert "from far" in await read(ana)
        said = await done(hq, "federation", "purge", far.origin, "--yes")
        assert "1 person and 1 post" in said
        words = await read(ana)
        assert "from near" in words
        assert "from far" not in words
        links = await ana.get(f"/api/v1/accounts/relationships?id[]={zoe_id}&id[]={kim_id}")
        assert {one["id"]: one["following"] for one in links}[kim_id] is True
        assert not any(one["following"] for one in links if one["id"] == zoe_id)
        assert "0 of its people, 0 of its posts" in await done(
            hq, "federation", "show", far.authority
        )
        blocked = await done(hq, "partner", "block", near.authority)
        assert f"tertulia federation purge {near.authority}" in blocked
        assert "purge" not in await done(hq, "partner", "block", far.authority)
        await done(hq, "partner", "forget", far.authority)
        # It may come back: nobody blocked it. Keys are remembered for two seconds.
        await asyncio.sleep(2.1)
        assert await friends(ana, zoe) == zoe_id
        await post_of(zoe, ana, "here again")


async def test_a_server_with_an_agreement_is_not_forgotten(hq: RunningNode, far: Stranger) -> None:
    ana, zoe = await hq.person("ana"), far.person("zoe")
    await friends(ana, zoe)
    await post_of(zoe, ana, "agreed")
    await hq.db.write(_agree, far.origin)
    said = await refused(hq, "federation", "purge", far.authority, "--yes")
    assert "End it first" in said
    assert "agreed" in await read(ana)


def _agree(tx: Tx, origin: str) -> None:
    row = AgreementRow(
        origin_id=origins.origin_id(tx, origin),
        kind=AgreementKind.PARTNER,
        since=tx.now,
        until=None,
        active=True,
        uri=f"{origin}/offer",
        directory=Directory.SHARED,
        contact="",
        ended_at=None,
    )
    put_agreement(tx, row, frozenset())


async def test_what_is_no_known_server_is_refused(hq: RunningNode) -> None:
    for word in ("show", "retry", "drop", "purge"):
        assert "Nothing is known" in await refused(hq, "federation", word, "nobody.example")
        assert "is not a domain" in await refused(hq, "federation", word, "no body")
    assert "Say one DOMAIN" in await refused(hq, "federation", "retry")
    assert hq.host in await refused(hq, "federation", "purge", hq.host)  # not oneself


SPELLINGS = (
    "X.Example",
    "https://x.example/",
    "x.example.",
    "*.x.example",
    "x.example:8443",
    "x\u3002example",
    "@zoe@x.example",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_O16_whatever_spelling_an_admin_blocks_the_server_is_blocked(
    hq: RunningNode, spelling: str
) -> None:
    assert "x.example is blocked." in await done(hq, "partner", "block", spelling)
    rules = await hq.db.read(origins.matching_rules, "deep.x.example:444")
    assert [(rule.pattern, rule.action) for rule in rules] == [("x.example", RuleAction.BLOCK)]
    await done(hq, "partner", "forget", spelling)
    assert await hq.db.read(origins.matching_rules, "x.example") == []
