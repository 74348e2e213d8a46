"""What our admin gets to see of another node's offer, and which offers she cannot even accept."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from domain.agreements import Terms
from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import AgreementKind, OfferState
from domain.node import Federation
from federation.fetcher import Fetcher
from social.agreements import agree, fetch_offer
from storage.queries import actors, agreements, offers
from tests.inbox.home import Home
from tests.inbox.nodes import CODE, agreement, as_node, name, ours, sealed, show, their_offer
from tests.support.stranger import Person, Stranger, stranger

COMMUNITY = "http://n1.localhost/a/9"


@pytest.fixture
async def n() -> AsyncIterator[Stranger]:
    """A node that made an offer to ours; nobody decided anything about it here."""
    async with stranger("n") as server:
        yield server


@pytest.fixture
def application(n: Stranger) -> Person:
    return as_node(n)


async def fetched(here: Home, server: Stranger, code: str = CODE) -> Any:
    return await fetch_offer(here.fetcher, domain=server.authority, code=code)


async def test_what_is_shown_is_what_was_offered_and_what_is_signed(
    here: Home, n: Stranger, application: Person
) -> None:
    await ours(here)
    terms = Terms(
        AgreementKind.PARTNER,
        communities=frozenset({COMMUNITY}),
        until=4_000_000_000_000,
        contact="ana@n.example",
    )
    document = their_offer(here, application, terms)
    show(application, sealed(their_offer(here, application), "another"), sealed(document))
    found = await fetched(here, n, " ABCD EFGH jkmn-pqrs-TVWX ")
    assert found.offer.terms == terms
    assert await agreement(here, n) is None, "seeing is not signing"
    await here.db.write(agree, node=here.node, offered=found)
    row = await agreement(here, n)
    assert row is not None
    assert await here.db.read(agreements.terms_of, row) == terms
    kept = await here.db.read(offers.find, str(document["id"]))
    assert kept is not None
    assert kept.state is OfferState.ACCEPTED
    with pytest.raises(Invalid):
        await here.db.write(agree, node=here.node, offered=found)
    (job,) = [row for row in await here.rows("jobs") if "agreement_talk" in row]
    assert found.answer in repr(job)
    assert n.fetches(f"{application.path}/inbox") == 0


@pytest.mark.parametrize(
    "points",
    [
        {"tertulia:kind": "partner"},
        {"tertulia:directory": "all"},
        {"tertulia:communities": []},
        {"endTime": "2031-01-01T00:00:00.000Z"},
        {"tertulia:contact": "eve@n.example"},
        {"tertulia:with": "elsewhere.example"},
        {"tertulia:lapses": "2090-01-01T00:00:00.000Z"},
        {"more": 1},
    ],
    ids=lambda points: next(iter(points)),
)
async def test_O_a_changed_offer_does_not_fit_the_code(
    here: Home, n: Stranger, application: Person, points: dict[str, Any]
) -> None:
    good = sealed(their_offer(here, application))
    terms: Any = good["object"]
    show(application, good | {"object": terms | points})
    with pytest.raises(Invalid, match="code does not fit"):
        await fetched(here, n)
    show(application, good)
    assert (await fetched(here, n)).offer.terms.kind is AgreementKind.SISTER


@pytest.mark.parametrize("code", ["abcd-efgh-jkmn-pqrs-tvwy", "", "abcd"])
async def test_O_a_wrong_code_shows_nothing(
    here: Home, n: Stranger, application: Person, code: str
) -> None:
    show(application, sealed(their_offer(here, application)))
    with pytest.raises(Invalid, match="code does not fit"):
        await fetched(here, n, code)


@pytest.mark.parametrize(
    "why", ["none", "no seal", "by a person", "for another", "unreadable", "lapsed", "over"]
)
async def test_an_offer_that_cannot_be_accepted(
    here: Home, n: Stranger, application: Person, why: str
) -> None:
    await ours(here)
    document = their_offer(here, application)
    points: Any = document["object"]
    unlike: dict[str, Any] = {
        "no seal": document,
        "by a person": sealed(document | {"actor": n.person("eve").uri}),
        "for another": sealed(document | {"object": points | {"tertulia:with": "b.example"}}),
        "unreadable": sealed(document | {"object": points | {"tertulia:kind": "owner"}}),
        "lapsed": sealed(their_offer(here, application, lapses_in=-1)),
        "over": sealed(document | {"object": points | {"endTime": "2001-01-01T00:00:00Z"}}),
    }
    if why != "none":
        show(application, unlike[why])
    with pytest.raises(NotFound if why == "none" else Invalid):
        await here.db.write(agree, node=here.node, offered=await fetched(here, n))
    assert n.fetches(f"{application.path}/offers") == 1
    assert await agreement(here, n) is None
    assert not [row for row in await here.rows("jobs") if "agreement_talk" in row]


@pytest.mark.parametrize("named", ["a person", "an actor elsewhere", "nobody", "no address"])
async def test_who_speaks_for_a_node_is_named_by_its_nodeinfo(
    here: Home, n: Stranger, b: Stranger, application: Person, named: str
) -> None:
    show(application, sealed(their_offer(here, application)))
    elsewhere = as_node(b)
    uris = {
        "a person": n.person("eve").uri,
        "an actor elsewhere": elsewhere.uri,
        "nobody": n.url("/users/nobody"),
        "no address": 5,
    }
    name(n, uris[named])
    with pytest.raises(NotFound):
        await fetched(here, n)
    origin = await here.db.read(actors.by_uri, application.uri)
    assert origin is None


async def test_only_the_domain_that_was_typed_is_asked(
    here: Home, n: Stranger, x: Stranger
) -> None:
    application = as_node(x)
    show(application, sealed(their_offer(here, application)))
    name(n, application.uri)
    with pytest.raises(NotFound):
        await fetched(here, n)
    assert x.seen == []


async def test_an_admin_who_was_too_early_may_try_again_at_once(
    here: Home, n: Stranger, application: Person
) -> None:
    with pytest.raises(NotFound):
        await fetched(here, n)
    show(application, sealed(their_offer(here, application)))
    assert (await fetched(here, n)).offer.application == application.uri


async def test_a_blocked_or_closed_door_stays_shut(
    here: Home, n: Stranger, application: Person
) -> None:
    show(application, sealed(their_offer(here, application)))
    closed = replace(here.node, federation=Federation.CLOSED)
    fetcher = Fetcher(here.db, here.fetcher.client, closed, here.fetcher.keyring)
    with pytest.raises(NotAllowed):
        await fetch_offer(fetcher, domain=n.authority, code=CODE)
    await here.block(n.authority)
    with pytest.raises(NotAllowed):
        await fetched(here, n)
    assert n.seen == []
