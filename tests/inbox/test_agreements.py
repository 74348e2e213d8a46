"""What other nodes may say of agreements, and how little that is (protocol §3)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import bindparam, update

from activitypub.parse.agreements import as_key
from activitypub.render import agreements as render
from domain.agreements import Terms
from domain.kinds import AgreementKind, Directory, OfferState
from outbox.talk import TALK
from social import agreements as use
from storage.queries import offers, origins, purges
from storage.tables import metadata
from storage.tables.origins import offers as offers_table
from storage.views.actors import ActorView
from tests.inbox.giving import dropped, give, in_vain, refuse
from tests.inbox.home import Home
from tests.inbox.nodes import (
    CODE,
    SISTER,
    acceptance,
    agreement,
    as_node,
    met,
    offer,
    ours,
    their_offer,
)
from tests.support.stranger import Document, Person, Stranger, stranger

PARTNER = Terms(AgreementKind.PARTNER, Directory.NONE)
_LAPSE = update(offers_table).values(lapses_at=bindparam("at"))


@pytest.fixture
async def n() -> AsyncIterator[Stranger]:
    """A node that is about to be named in an offer."""
    async with stranger("n") as server:
        yield server


@pytest.fixture
def application(n: Stranger) -> Person:
    return as_node(n)


@pytest.fixture
async def sister(here: Home, n: Stranger, application: Person) -> Document:
    """An agreement with N that stands; the offer that both signed."""
    offered = await offer(here, n)
    await give(here, application, await acceptance(here, application, offered))
    return offered


async def state(here: Home, offered: Document) -> OfferState:
    row = await here.db.read(offers.find, offered["id"])
    assert row is not None
    return row.state


@pytest.mark.interop(
    "Accept{Offer}", "in", "an agreement, if its seal fits the code", peer="a stranger"
)
async def test_the_node_that_was_named_accepts_with_the_code(
    here: Home, n: Stranger, application: Person
) -> None:
    offered = await offer(here, n)
    assert await agreement(here, n) is None, "one signature is none"
    await give(here, application, await acceptance(here, application, offered))
    assert await dropped(here) is None
    row = await agreement(here, n)
    assert row is not None
    assert (row.active, row.kind, row.uri) == (True, AgreementKind.SISTER, offered["id"])
    assert await state(here, offered) is OfferState.ACCEPTED
    origin = await here.db.read(origins.by_origin, n.origin)
    assert origin is not None
    assert origin.software == "tertulia"


@pytest.mark.interop("Accept{Offer}", "in", "dropped: with another seal", peer="a stranger")
@pytest.mark.parametrize("what", ["another code", "the seal of the offer", "nothing"])
async def test_O_a_wrong_code_makes_no_agreement(
    here: Home, n: Stranger, application: Person, what: str
) -> None:
    offered = await offer(here, n)
    await met(here, n)
    right = await acceptance(here, application, offered)
    wrong = await acceptance(here, application, offered, "0000-0000-0000-0000-0000")
    shown = await here.db.read(use.offers_for, domain=n.authority)
    seals: dict[str, Any] = {
        "another code": wrong["object"]["tertulia:seal"],
        "the seal of the offer": shown[0]["tertulia:seal"],
        "nothing": None,
    }
    about = right["object"] | {"tertulia:seal": seals[what]}
    await in_vain(here, application, right | {"object": about})
    assert await state(here, offered) is OfferState.WAITING
    await give(here, application, right | {"id": n.url("/activities/right")})
    assert await agreement(here, n) is not None


async def test_X_the_code_itself_is_kept_nowhere(
    here: Home, n: Stranger, application: Person
) -> None:
    offered = await offer(here, n)
    await give(here, application, await acceptance(here, application, offered))
    for table in metadata.sorted_tables:
        rows = repr(await here.rows(table.name))
        assert CODE not in rows
        assert as_key(CODE) not in rows


async def test_only_the_actor_that_speaks_for_the_node_is_heard(
    here: Home, n: Stranger, application: Person
) -> None:
    offered = await offer(here, n)
    await met(here, n)
    for other in (n.person("eve", key=1), n.person("bot", kind="Application", key=3)):
        await give(here, other, await acceptance(here, other, offered))
        assert await dropped(here) == "this actor does not speak for its node"
        await in_vain(here, other, await acceptance(here, other, offered))
    assert await agreement(here, n) is None


async def test_another_node_cannot_accept_what_it_was_not_offered(
    here: Home, n: Stranger, application: Person, e: Stranger
) -> None:
    hostile = as_node(e)
    offered = await offer(here, n)
    await met(here, e)
    await in_vain(here, hostile, await acceptance(here, hostile, offered))
    await offer(here, e, code="other")
    await in_vain(here, hostile, await acceptance(here, hostile, offered))
    assert await agreement(here, e) is None


async def test_an_acceptance_counts_once(here: Home, n: Stranger, application: Person) -> None:
    offered = await offer(here, n)
    accept = await acceptance(here, application, offered)
    await give(here, application, accept)
    before = await here.digest()
    assert (await n.deliver(application, here.inbox, accept)).status == 202
    await here.drain()
    assert await here.digest() == before, "the same once more"
    await in_vain(here, application, await acceptance(here, application, offered))
    await here.db.write(use.end, node=here.node, domain=n.authority)
    await in_vain(here, application, await acceptance(here, application, offered))
    row = await agreement(here, n)
    assert row is not None
    assert not row.active


async def test_a_lapsed_or_withdrawn_offer_is_not_accepted(
    here: Home, n: Stranger, application: Person
) -> None:
    first = await offer(here, n)
    await met(here, n)
    second = await offer(here, n, code="another")
    assert await state(here, first) is OfferState.WITHDRAWN
    wrong = await acceptance(here, application, first, "another")
    await in_vain(here, application, wrong)
    await give(here, application, await acceptance(here, application, first))
    assert await agreement(here, n) is None
    assert await undone(here) == [first["id"]], "so that they do not think that it stands"
    await here.db.write(lambda tx: tx.change(_LAPSE, at=tx.now))
    await here.admit(n)
    here.restart()
    await give(here, application, await acceptance(here, application, second, "another"))
    assert await undone(here) == [first["id"], second["id"]]
    assert await agreement(here, n) is None


async def undone(here: Home) -> list[str]:
    """What our node says is not agreed."""
    jobs = [row for row in await here.rows("jobs") if TALK in row]
    payloads = [orjson.loads(value) for row in jobs for value in row if isinstance(value, bytes)]
    said = [orjson.loads(payload["body"]) for payload in payloads]
    return [one["object"]["id"] for one in said if one["type"] == "Undo"]


async def test_of_two_offers_accepted_at_once_the_stricter_holds(
    here: Home, n: Stranger, application: Person
) -> None:
    """Each side accepted the other's; whichever comes last must not widen what stands."""
    first = await offer(here, n, PARTNER)
    await met(here, n)
    await offer(here, n, code="another")
    second = (await here.db.read(offers.waiting))[0]
    document = orjson.loads(second.body)
    await give(here, application, await acceptance(here, application, document, "another"))
    await give(here, application, await acceptance(here, application, first))
    row = await agreement(here, n)
    assert row is not None
    assert (row.active, row.kind, row.uri) == (True, AgreementKind.PARTNER, second.uri)
    assert await undone(here) == []


async def test_who_was_named_is_heard_on_the_agreement_alone(
    here: Home, n: Stranger, x: Stranger, application: Person, alice: ActorView
) -> None:
    unknown = x.person("eve")
    refusal = await refuse_signed(here, unknown, x.activity(unknown, "Follow", alice.uri))
    offered = await offer(here, n)
    here.restart()
    ana = n.person("ana")
    disguised = n.activity(ana, "Follow", alice.uri, note={"type": "Offer"})
    for body in (
        n.activity(ana, "Follow", alice.uri),
        n.activity(application, "Follow", alice.uri),
        n.activity(application, "Accept", {"type": "Follow", "actor": alice.uri}),
        n.activity(application, "Offer", {"type": "Note", "content": "buy"}),
        n.activity(ana, "Undo", {"type": "Like", "content": "Offer"}),
        n.activity(application, "Create", {"type": "Offer", "id": offered["id"]}),
        disguised,
    ):
        who = ana if body["actor"] == ana.uri else application
        assert (await refuse_signed(here, who, body)).body == refusal.body
    assert n.seen == [], "it is not even asked for its key"
    await give(here, application, await acceptance(here, application, offered))
    here.restart()
    assert (await n.deliver(ana, here.inbox, disguised)).status == 202, "now both have signed"


async def refuse_signed(here: Home, who: Person, activity: Document) -> Any:
    body = orjson.dumps(activity)
    return await refuse(here, who.server, body, who.server.signed(who, here.inbox, body), 403)


async def test_nobody_else_may_say_anything_of_agreements(
    here: Home, x: Stranger, alice: ActorView
) -> None:
    eve = as_node(x)
    talk = [
        their_offer(here, eve),
        x.activity(eve, "Undo", {"id": here.node.activity(5), "type": "Offer"}),
        render.accept(x.url("/1"), eve.uri, alice.uri, offer_uri=here.node.activity(5), seal="0"),
    ]
    follow = await refuse_signed(here, eve, x.activity(eve, "Follow", alice.uri))
    for one in talk:
        assert (await refuse_signed(here, eve, one)).body == follow.body
    assert x.seen == []


@pytest.mark.interop("Offer", "in", "dropped: where nothing was agreed", peer="a stranger")
async def test_an_offer_out_of_the_blue_is_nothing(here: Home, b: Stranger) -> None:
    """A server that is allowed, and one that was named, offer nothing here: admins do."""
    application = as_node(b)
    await met(here, b)
    await in_vain(here, application, their_offer(here, application))
    assert await dropped(here) == "no agreement stands that it could change"
    await offer(here, b)
    await in_vain(here, application, their_offer(here, application))


@pytest.mark.interop("Offer", "in", "other terms: the stricter hold at once", peer="a stranger")
async def test_the_stricter_side_wins_until_both_have_signed(
    here: Home, n: Stranger, application: Person, sister: Document
) -> None:
    narrower = their_offer(here, application, PARTNER)
    await give(here, application, narrower)
    row = await agreement(here, n)
    assert row is not None
    assert (row.kind, row.directory, row.uri) == (
        AgreementKind.PARTNER,
        Directory.NONE,
        sister["id"],
    )
    wider = their_offer(here, application, replace(SISTER, directory=Directory.ALL))
    await give(here, application, wider)
    assert await agreement(here, n) == row, "they cannot widen it alone"
    mine = await offer(here, n, replace(SISTER, until=4_000_000_000_000))
    row = await agreement(here, n)
    assert row is not None
    assert (row.kind, row.until) == (AgreementKind.PARTNER, 4_000_000_000_000)
    await give(here, application, await acceptance(here, application, mine))
    row = await agreement(here, n)
    assert row is not None
    assert (row.kind, row.directory) == (AgreementKind.SISTER, Directory.SHARED), "both signed"


@pytest.mark.parametrize("why", ["not for us", "lapsed", "by a person", "twice", "no terms"])
async def test_other_terms_that_are_none(
    here: Home, n: Stranger, application: Person, sister: Document, why: str
) -> None:
    eve = n.person("eve", key=1)
    good = their_offer(here, application, PARTNER)
    points: Any = good["object"]
    if why == "by a person":
        await give(here, eve, n.activity(eve, "Offer", points))  # now she is known
        await in_vain(here, eve, n.activity(eve, "Offer", points))
        return
    if why == "twice":
        await give(here, application, good)
        before = await here.digest()
        await give(here, application, good | {"object": points | {"endTime": "2090-01-01"}})
        assert await here.digest() == before
        return
    spoiled = {
        "not for us": {"tertulia:with": "elsewhere.example"},
        "lapsed": {"tertulia:lapses": "2001-01-01T00:00:00Z"},
        "no terms": {"tertulia:kind": "owner"},
    }
    await in_vain(here, application, good | {"object": points | spoiled[why]})
    row = await agreement(here, n)
    assert row is not None
    assert row.kind is AgreementKind.SISTER


@pytest.mark.interop("Undo{Offer}", "in", "ends the agreement", peer="a stranger")
async def test_they_end_it_and_are_told_when_all_is_forgotten(
    here: Home, n: Stranger, application: Person, sister: Document, alice: ActorView
) -> None:
    undo = n.activity(application, "Undo", {"id": sister["id"], "type": "Offer"})
    await give(here, application, undo)
    row = await agreement(here, n)
    assert row is not None
    assert not row.active
    assert row.ended_at is not None
    assert undo["id"] in repr(await here.rows("jobs")), "the purge, with what it acknowledges"
    here.restart()
    await refuse_signed(here, application, n.activity(application, "Follow", alice.uri))
    again = n.activity(application, "Undo", {"id": sister["id"], "type": "Offer"})
    await give(here, application, again)
    assert await dropped(here) is None, "on the end itself they are heard for a while"


async def test_other_terms_that_they_take_back_end_nothing(
    here: Home, n: Stranger, application: Person, sister: Document
) -> None:
    wanted = their_offer(here, application, PARTNER)
    await give(here, application, wanted)
    undo = n.activity(application, "Undo", {"id": wanted["id"], "type": "Offer"})
    await give(here, application, undo)
    row = await agreement(here, n)
    assert row is not None
    assert (row.active, row.kind) == (True, AgreementKind.PARTNER), "and widen nothing"
    assert await here.db.read(offers.waiting) == []


async def test_nobody_else_ends_it(
    here: Home, n: Stranger, application: Person, sister: Document, e: Stranger
) -> None:
    about = {"id": sister["id"], "type": "Offer"}
    eve, hostile = n.person("eve", key=1), as_node(e)
    await met(here, e)
    await give(here, eve, n.activity(eve, "Undo", about))
    await in_vain(here, eve, n.activity(eve, "Undo", about))
    await in_vain(here, hostile, e.activity(hostile, "Undo", about))
    row = await agreement(here, n)
    assert row is not None
    assert row.active


@pytest.mark.interop("Accept{Undo}", "in", "the other node has forgotten", peer="a stranger")
async def test_only_who_was_asked_says_that_it_forgot(
    here: Home, n: Stranger, application: Person, sister: Document, e: Stranger
) -> None:
    hostile = as_node(e)
    await met(here, e)
    await here.db.write(use.end, node=here.node, domain=n.authority)
    row = await agreement(here, n)
    assert row is not None
    (asked,) = await here.db.read(purges.of_origin, row.origin_id)
    me = (await ours(here)).uri

    def said(by: Person, undo: str) -> Any:
        uri = by.server.activity(by, "Accept", "x")["id"]
        return render.forgotten(uri, by.uri, me, undo_uri=undo, offer_uri=sister["id"])

    await in_vain(here, hostile, said(hostile, asked.uri))
    await in_vain(here, application, said(application, here.node.activity(5)))
    await give(here, application, said(application, asked.uri))
    (done,) = await here.db.read(purges.of_origin, row.origin_id)
    assert done.acknowledged_at is not None
    await in_vain(here, application, said(application, asked.uri))
