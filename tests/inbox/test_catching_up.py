"""Who of ours belongs to a community elsewhere (FEP-8fcf), and what was said before they joined."""

from typing import Any

import pytest
from orjson import dumps

from activitypub.synchronization import HEADER, digest, header, parse
from domain.kinds import MembershipState
from federation.fetcher import CannotFetch
from federation.signatures import Scheme, sign
from social.backfill import backfill
from social.roll_call import ROLL_CALL, call_roll
from storage.queries import communities
from storage.views.actors import ActorView
from tests.inbox.gathering import Place, Writer, at, join, place, writer
from tests.inbox.home import Home
from tests.support.stranger import AS2, Document, Page, Seen, Stranger

ASKED = "/users/lifting/followers_sync"


@pytest.fixture
async def lifting(here: Home, b: Stranger, alice: ActorView) -> Place:
    return await place(here, b, alice)


@pytest.fixture
async def ben(here: Home, lifting: Place) -> ActorView:
    """A member as well, as far as we know."""
    ben = await here.someone("ben")
    await join(lifting, ben)
    return ben


@pytest.fixture
def cy() -> Writer:
    return writer()


async def deliver(where: Place, create: Document, *told: Document, members: list[str]) -> None:
    """Announce with the digest of these members."""
    body = dumps(where.announce(create, *told))
    headers = where.server.signed(where.person, where.here.inbox, body)
    headers[HEADER] = header(where.followers, f"{where.followers}_sync", members)
    assert (await where.server.send(where.here.inbox, body, headers)).status == 202


def lists(where: Place, *members: ActorView) -> None:
    uri = f"{where.followers}_sync"
    items = [one.uri for one in members]
    document = {"id": uri, "type": "OrderedCollection", "orderedItems": items}
    where.server.pages[ASKED] = Page(document)


async def state(where: Place, actor: ActorView) -> MembershipState:
    row = await where.here.db.read(communities.member, where.actor.id, actor.id)
    assert row is not None
    return row.state


async def test_agreement_asks_nobody(
    here: Home, lifting: Place, alice: ActorView, ben: ActorView, cy: Writer
) -> None:
    await deliver(
        lifting, create := lifting.create(cy), lifting.card(cy), members=[ben.uri, alice.uri]
    )
    await here.drain()
    assert await here.stored(create["object"]["id"]) is not None
    assert lifting.server.fetches(ASKED) == 0


@pytest.mark.both
@pytest.mark.interop(
    "Collection-Synchronization", "in", "a membership that ended there ends here", peer="a stranger"
)
async def test_a_removal_that_got_lost_bites_before_the_next_words_are_shown(
    here: Home, lifting: Place, alice: ActorView, ben: ActorView, cy: Writer
) -> None:
    lists(lifting, alice)
    create = lifting.create(cy)
    seen: list[Any] = []
    listing = lifting.server.pages[ASKED]

    def looked(asked: Seen) -> Page:
        seen.append(asked)
        assert isinstance(listing, Page)
        return listing

    lifting.server.pages[ASKED] = looked
    await deliver(lifting, create, lifting.card(cy), members=[alice.uri])
    assert await here.stored(create["object"]["id"]) is None
    await here.drain()
    assert len(seen) == 1
    assert await state(lifting, ben) is MembershipState.REMOVED
    assert await state(lifting, alice) is MembershipState.ACTIVE
    assert await here.stored(create["object"]["id"]) is not None


@pytest.mark.parametrize("signed", [True, False])
async def test_between_our_nodes_only_a_signed_digest_is_believed(
    here: Home, lifting: Place, alice: ActorView, ben: ActorView, cy: Writer, signed: bool
) -> None:
    lists(lifting, alice)
    said = {HEADER: header(lifting.followers, f"{lifting.followers}_sync", [alice.uri])}
    body = dumps(lifting.announce(create := lifting.create(cy), lifting.card(cy)))
    headers = {"Content-Type": AS2} | (said if signed else {})
    headers |= sign(
        method="POST",
        url=here.inbox,
        headers=headers,
        body=body,
        key=lifting.person.key,
        key_id=lifting.person.key_id,
        scheme=Scheme.RFC9421_OURS,
        now=lifting.server.now(),
        nonce="a-nonce-that-is-long-enough",
    )
    if signed:
        forged = header(lifting.followers, f"{lifting.followers}_sync", [])
        assert (
            await lifting.server.send(here.inbox, body, headers | {HEADER: forged})
        ).status == 401
    assert (await lifting.server.send(here.inbox, body, headers | said)).status == 202
    await here.drain()
    assert await here.stored(create["object"]["id"]) is not None
    assert lifting.server.fetches(ASKED) == (1 if signed else 0)
    expected = MembershipState.REMOVED if signed else MembershipState.ACTIVE
    assert await state(lifting, ben) is expected


async def test_nothing_is_shown_while_the_community_cannot_be_asked(
    here: Home, lifting: Place, alice: ActorView, ben: ActorView, cy: Writer
) -> None:
    lifting.server.pages[ASKED] = Page(status=503)
    create = lifting.create(cy)
    await deliver(lifting, create, lifting.card(cy), members=[alice.uri])
    await here.drain()
    assert await here.stored(create["object"]["id"]) is None
    assert await state(lifting, ben) is MembershipState.ACTIVE
    assert [row for row in await here.rows("jobs") if ROLL_CALL in row] != []


async def test_another_list_is_not_looked_at(
    here: Home, lifting: Place, alice: ActorView, cy: Writer
) -> None:
    body = dumps(lifting.announce(create := lifting.create(cy), lifting.card(cy)))
    headers = lifting.server.signed(lifting.person, here.inbox, body)
    headers[HEADER] = header("http://evil.example/f", "http://evil.example/f_sync", [])
    assert (await lifting.server.send(here.inbox, body, headers)).status == 202
    await here.drain()
    assert await here.stored(create["object"]["id"]) is not None
    assert lifting.server.fetches(ASKED) == 0


async def test_whom_the_community_does_not_know_does_not_belong(
    here: Home, lifting: Place, alice: ActorView
) -> None:
    lifting.server.pages[ASKED] = Page(status=404)
    assert await call_roll(here.fetcher, lifting.actor.id) == 1
    assert await state(lifting, alice) is MembershipState.REMOVED


def test_the_header_is_read_strictly() -> None:
    good = header("https://a.example/f", "https://a.example/s", ["https://b.example/1"])
    said = parse(good)
    assert said is not None
    assert (said.collection, said.url) == ("https://a.example/f", "https://a.example/s")
    assert said.digest == digest(["https://b.example/1"])
    assert digest(["x", "y"]) == digest(["y", "x", "x"]) != digest(["x"])
    assert digest([]) == "0" * 64
    for bad in ("", good + ', digest="00"', good.replace('"', "'"), "x" * 7_000, good[:-9]):
        assert parse(bad) is None


# Reading up.


def outbox(where: Place, *pages: list[Document]) -> None:
    """The community's outbox, newest first, for whoever signs as a member."""
    base = where.actor.outbox or ""

    def answer(seen: Seen) -> Page:
        number = int(dict(part.split("=") for part in seen.query.split("&")).get("max_id", "0"))
        url = f"{base}?page=true" + (f"&max_id={number}" if number else "")
        document: Document = {
            "id": url,
            "type": "OrderedCollectionPage",
            "orderedItems": pages[number],
        }
        if number + 1 < len(pages):
            document["next"] = f"{base}?page=true&max_id={number + 1}"
        return Page(document)

    where.server.pages["/users/lifting/outbox"] = answer


@pytest.mark.both
@pytest.mark.interop("outbox", "in", "a new member reads up a community", peer="a stranger")
async def test_a_new_member_reads_up_what_was_said_before(
    here: Home, lifting: Place, alice: ActorView, cy: Writer
) -> None:
    eve = writer("eve", number=2)
    first = lifting.create(cy, "first", published=at(0))
    second = lifting.create(eve, "second", inReplyTo=first["object"]["id"], published=at(1))
    third = lifting.create(cy, "third", published=at(2))
    told = (lifting.card(cy), lifting.card(eve))
    outbox(
        lifting,
        [lifting.announce(third, *told), lifting.announce(second, *told)],
        [lifting.announce(first, *told)],
    )
    pair = {"community_id": lifting.actor.id, "actor_id": alice.id}
    assert await backfill(here.fetcher, **pair, pause=0) == 3
    rows = [await here.stored(one["object"]["id"]) for one in (first, second, third)]
    assert [row and row.content for row in rows] == [
        "<p>first</p>",
        "<p>second</p>",
        "<p>third</p>",
    ]
    assert rows[0] is not None
    assert rows[1] is not None
    assert rows[1].reply_to_id == rows[0].id
    assert await here.rows("notifications") == []
    [asked, _] = [seen for seen in lifting.server.seen if seen.path.endswith("/outbox")]
    assert f"{alice.uri}#" in asked.headers["signature"]
    assert await backfill(here.fetcher, **pair, pause=0) == 0


@pytest.mark.both
async def test_what_is_read_up_is_never_shown_to_whose_removal_got_lost(
    here: Home, lifting: Place, alice: ActorView, ben: ActorView, cy: Writer
) -> None:
    """Its pages say nothing of who belongs, as deliveries do: the community is asked first."""
    lists(lifting, alice)
    create = lifting.create(cy, "for those who are left")
    outbox(lifting, [lifting.announce(create, lifting.card(cy))])
    pair = {"community_id": lifting.actor.id, "actor_id": alice.id}
    assert await backfill(here.fetcher, **pair, pause=0) == 1
    asked = [seen.path for seen in lifting.server.seen]
    assert asked.index(ASKED) < asked.index("/users/lifting/outbox")
    assert await state(lifting, ben) is MembershipState.REMOVED
    assert await state(lifting, alice) is MembershipState.ACTIVE
    assert await here.stored(create["object"]["id"]) is not None


async def test_nothing_is_read_up_while_nobody_says_who_belongs(
    here: Home, lifting: Place, alice: ActorView, ben: ActorView, cy: Writer
) -> None:
    lifting.server.pages[ASKED] = Page(status=503)
    outbox(lifting, [lifting.announce(lifting.create(cy), lifting.card(cy))])
    with pytest.raises(CannotFetch):
        await backfill(here.fetcher, community_id=lifting.actor.id, actor_id=alice.id, pause=0)
    assert lifting.server.fetches("/users/lifting/outbox") == 0
    assert await state(lifting, ben) is MembershipState.ACTIVE


async def test_what_cannot_be_believed_is_not_read_up(
    here: Home, lifting: Place, e: Stranger, alice: ActorView, cy: Writer
) -> None:
    good, forged = lifting.create(cy, "good"), lifting.create(cy, "forged")
    forged["object"]["content"] = "<p>changed</p>"
    other = lifting.announce(lifting.create(cy, "other")) | {"actor": e.url("/users/x")}
    told = lifting.card(cy)
    lines: list[Any] = [lifting.announce(forged, told), other, "https://x.example/", {}]
    outbox(lifting, [*lines, lifting.announce(good, told)])
    taken = await backfill(here.fetcher, community_id=lifting.actor.id, actor_id=alice.id, pause=0)
    assert taken == 1
    assert [row[18] for row in await here.rows("posts") if "<p>" in str(row)] == ["<p>good</p>"]


async def test_nobody_reads_up_after_leaving(here: Home, lifting: Place, cy: Writer) -> None:
    stranger = await here.someone("stranger")
    outbox(lifting, [lifting.announce(lifting.create(cy), lifting.card(cy))])
    pair = {"community_id": lifting.actor.id, "actor_id": stranger.id}
    assert await backfill(here.fetcher, **pair, pause=0) == 0
    assert lifting.server.fetches("/users/lifting/outbox") == 0
