"""What is said of agreements is said until it is heard, and to nobody who is not to hear it."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from activitypub.render import agreements as render
from federation.signatures import IncomingRequest, Scheme, check, parse, verify
from jobs.queue import Dead, Decision, Job, Retry
from outbox import talk
from storage.database import Database, now_ms
from storage.queries import actors
from storage.tx import Tx
from tests.inbox.home import Home, home
from tests.inbox.nodes import as_node, met, ours
from tests.support.stranger import Page, Person, Stranger, rsa, stranger


@pytest.fixture
async def here(database: Database, tmp_path: Path) -> AsyncIterator[Home]:
    async with home(database, tmp_path) as running:
        yield running


@pytest.fixture
async def peer(here: Home) -> AsyncIterator[Person]:
    """The actor of a node that we talk to."""
    async with stranger("peer") as server:
        application = as_node(server)
        await met(here, server)
        await here.admit(server)
        yield application


async def said(here: Home, peer: Person) -> str:
    """Something that waits to be said; its id."""
    speaker = await ours(here)
    uri = here.node.activity(7)

    def say(tx: Tx) -> None:
        listener = actors.by_uri(tx, peer.uri)
        assert listener is not None
        document = render.undo(uri, speaker.uri, peer.uri, offer_uri=here.node.activity(6))
        talk.say(tx, speaker=speaker, listener=listener, document=document)

    await here.db.write(say)
    return uri


unheard: list[tuple[str, str]] = []


async def attempt(here: Home, *, attempts: int = 1, age: int = 0) -> Decision:
    """What becomes of the job at its n-th attempt, so many ms after it was made."""
    (row,) = [row for row in await here.rows("jobs") if talk.TALK in row]
    payload = next(orjson.loads(value) for value in row if isinstance(value, bytes))
    job = Job(1, talk.TALK, payload, None, None, attempts, now_ms() - age)
    unheard.clear()

    async def given_up(domain: str, reason: str) -> None:
        unheard.append((domain, reason))

    decision = await talk.job(here.fetcher, given_up).run(job)
    assert bool(unheard) is isinstance(decision, Dead), "nobody is left in the dark"
    return decision


def refuse(server: Stranger, status: int) -> None:
    server.pages["/users/node/inbox"] = Page(status=status)


async def test_it_is_signed_as_between_our_nodes(here: Home, peer: Person) -> None:
    uri = await said(here, peer)
    assert await attempt(here) is None
    seen = peer.server.seen[-1]
    assert (seen.method, seen.path) == ("POST", "/users/node/inbox")
    assert orjson.loads(seen.body)["id"] == uri
    request = IncomingRequest(
        method="POST",
        target=seen.path,
        headers=list(seen.headers.items()),
        body=seen.body,
        public_origin=peer.server.origin,
    )
    claimed = parse(request)
    assert claimed.scheme is Scheme.RFC9421_OURS
    check(claimed, request, here.fetcher.now())
    verify(claimed, request, rsa(99).public, here.fetcher.now())
    assert claimed.key_id.startswith((await ours(here)).uri)


@pytest.mark.parametrize("status", [500, 503, 429, 408])
async def test_it_is_said_again_for_a_week(here: Home, peer: Person, status: int) -> None:
    await said(here, peer)
    refuse(peer.server, status)
    waits = [await attempt(here, attempts=number) for number in (1, 2, 3, 50)]
    assert [wait.after_ms for wait in waits if isinstance(wait, Retry)] == [
        3_000,
        12_000,
        48_000,
        talk.LONGEST_MS,
    ]
    assert isinstance(await attempt(here, attempts=60, age=talk.HORIZON_MS + 1), Dead)


async def test_a_refusal_is_asked_again_a_few_times_only(here: Home, peer: Person) -> None:
    await said(here, peer)
    refuse(peer.server, 403)
    assert isinstance(await attempt(here, attempts=talk.REFUSALS - 1), Retry)
    assert isinstance(await attempt(here, attempts=talk.REFUSALS), Dead)
    assert unheard == [(peer.server.authority, "answered 403")]
    refuse(peer.server, 202)
    assert await attempt(here, attempts=talk.REFUSALS - 1) is None


async def test_a_node_that_is_down_is_waited_for(here: Home, peer: Person) -> None:
    await said(here, peer)
    peer.server.silent.add("/users/node/inbox")
    here.lose_patience()
    assert isinstance(await attempt(here), Retry)


async def test_nothing_is_said_to_who_was_blocked_meanwhile(here: Home, peer: Person) -> None:
    await said(here, peer)
    await here.block(peer.server.authority)
    before = len(peer.server.seen)
    assert isinstance(await attempt(here), Dead)
    assert len(peer.server.seen) == before
