"""Senders without measure at the door of the inbox: they are asked to come back, others are not."""

from collections import Counter

import orjson
import pytest

from federation.fetcher import NEW_AT_ONCE
from federation.shares import MOST_CALLERS, Shares
from inbox.endpoint import UNPROVEN_AT_ONCE, Endpoint
from storage.views.actors import ActorView
from tests.inbox.giving import known
from tests.inbox.home import Home
from tests.support.stranger import AS2, Person, Stranger, stranger


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_share_is_used_up_and_fills_again() -> None:
    clock = Clock()
    shares = Shares(per_second=2, burst=3, clock=clock)
    assert [shares.take("e") for _ in range(4)] == [True, True, True, False]
    assert shares.take("b"), "another's share is another's"
    clock.now += 1
    assert [shares.take("e") for _ in range(3)] == [True, True, False]
    clock.now += 3600
    assert [shares.take("e") for _ in range(4)] == [True, True, True, False], "it never overflows"


def test_looking_takes_nothing() -> None:
    shares = Shares(per_second=0, burst=1)
    assert shares.has_any("e")
    assert shares.has_any("e")
    assert shares.take("e")
    assert not shares.has_any("e")


def test_what_is_remembered_of_callers_is_bounded() -> None:
    shares = Shares(per_second=0, burst=1)
    for number in range(2 * MOST_CALLERS):
        assert shares.take(f"caller {number}")
    assert len(shares._left) <= MOST_CALLERS
    assert not shares.take(f"caller {2 * MOST_CALLERS - 1}"), "the latest is remembered"


async def test_D22_a_server_that_floods_is_asked_to_wait_and_another_is_served(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    here.address = "192.0.2.1"
    here.endpoint = Endpoint(here.fetcher, servers=Shares(per_second=0, burst=20))
    answers = Counter[int]()
    for _ in range(30):
        answer = await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))
        answers[answer.status] += 1
        if answer.status == 429:
            assert int(answer.headers["Retry-After"]) > 0
    assert answers == {202: 20, 429: 10}
    async with stranger("e") as other:
        await here.admit(other)
        eve = other.person("eve", key=3)
        follow = other.activity(eve, "Follow", alice.uri)
        assert (await other.deliver(eve, here.inbox, follow)).status == 202


async def test_D22_whoever_only_claims_a_server_takes_nothing_of_its_share(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    here.endpoint = Endpoint(here.fetcher, servers=Shares(per_second=0, burst=3))
    follow = orjson.dumps(b.activity(ana, "Follow", alice.uri))
    assert (await b.deliver(ana, here.inbox, follow)).status == 202
    here.address = "198.51.100.7"
    forged = b.signed(ana, here.inbox, follow) | {"Digest": "SHA-256=AAAA"}
    statuses = [(await b.send(here.inbox, follow, forged)).status for _ in range(10)]
    assert set(statuses) == {401}
    here.address = "192.0.2.1"
    for _ in range(3):
        assert (
            await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))
        ).status == 202


async def test_D22_an_address_that_proves_nothing_is_not_listened_to_for_a_while(
    here: Home, b: Stranger, ana: Person, alice: ActorView, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is not forgiven while we ask, however long that takes here.
    monkeypatch.setattr("inbox.endpoint.UNPROVEN_PER_SECOND", 0)
    here.endpoint = Endpoint(here.fetcher)
    here.address = "198.51.100.7"
    last = 0
    for _ in range(UNPROVEN_AT_ONCE + 20):
        last = (await b.send(here.inbox, b"{}", {"Content-Type": AS2})).status
    assert last == 429
    here.address = "192.0.2.1"
    follow = b.activity(ana, "Follow", alice.uri)
    assert (await b.deliver(ana, here.inbox, follow)).status == 202


async def test_D15_a_storm_of_new_actors_is_met_with_a_budget(
    here: Home, b: Stranger, alice: ActorView, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The budget does not grow while the storm lasts, however long that takes here.
    budget = Shares(per_second=0, burst=NEW_AT_ONCE)
    monkeypatch.setattr(here.fetcher, "newcomers", budget)
    answers = Counter[int]()
    for number in range(NEW_AT_ONCE + 40):
        one = b.person(f"new{number}")
        answer = await b.deliver(one, here.inbox, b.activity(one, "Follow", alice.uri))
        answers[answer.status] += 1
    assert answers == {202: NEW_AT_ONCE, 429: 40}
    known = b.people["new0"]  # who is known already is heard
    unfollow = b.activity(known, "Undo", b.activity(known, "Follow", alice.uri))
    assert (await b.deliver(known, here.inbox, unfollow)).status == 202
    async with stranger("other") as other:
        await here.admit(other)
        eve = other.person("eve", key=3)
        follow = other.activity(eve, "Follow", alice.uri)
        assert (await other.deliver(eve, here.inbox, follow)).status == 202


NAMES = {f"term{number}": f"https://terms.example/{number}" for number in range(5_000)}


@pytest.mark.parametrize(
    "context",
    ["many", "terms", "itself"],
)
async def test_D06_contexts_are_never_fetched(
    here: Home, b: Stranger, ana: Person, alice: ActorView, context: str
) -> None:
    told = {
        "many": ["https://www.w3.org/ns/activitystreams"]
        + [b.url(f"/contexts/{number}") for number in range(100)],
        "terms": ["https://www.w3.org/ns/activitystreams", NAMES],
        "itself": ["https://www.w3.org/ns/activitystreams", b.url("/contexts/self")],
    }[context]
    b.add("/contexts/self", {"@context": [b.url("/contexts/self")]})
    follow = b.activity(ana, "Follow", alice.uri) | {"@context": told}
    answer = await b.deliver(ana, here.inbox, follow)
    await here.drain()
    assert answer.status == 202, "what is known needs no context: read as if there were none"
    assert not [seen.path for seen in b.seen if seen.path.startswith("/contexts")]
    assert await here.reasons() == [None]
    assert len(await here.rows("follows")) == 1


async def test_D05_a_ring_of_blank_nodes_is_never_canonicalised(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    ring = [
        {"id": f"_:b{number}", "tag": [{"id": f"_:b{(number + step) % 12}"} for step in (1, 5)]}
        for number in range(12)
    ]
    await here.follow(alice, await known(here, ana))
    note = b.note(ana, tag=ring)
    activity = b.activity(ana, "Create", note, to=note["to"])
    answer = await b.deliver(ana, here.inbox, activity)
    assert answer.status == 202
    await here.drain()  # would take a minute where graphs are canonicalised; the test has a limit
    stored = await here.stored(note["id"])
    assert stored is not None
    assert stored.content == "<p>hello</p>"
    assert await here.reasons() == [None]
    for table in ("post_tags", "mentions"):
        assert await here.rows(table) == [], "what has no type is no tag"
    follow = b.activity(ana, "Follow", alice.uri)
    assert (await b.deliver(ana, here.inbox, follow)).status == 202
