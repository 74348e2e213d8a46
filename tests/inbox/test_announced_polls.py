"""Polls in a community elsewhere: it alone says how they stand, in any order (protocol §5, O12)."""

import asyncio
import threading
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from domain.kinds import MembershipState
from social import polls as asking
from storage.queries.polls import Poll, of_post
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.gathering import Place, Writer, at, place, set_state, writer
from tests.inbox.giving import dropped, give, in_vain
from tests.inbox.home import Home
from tests.support.stranger import Document, Stranger, ed25519


@pytest.fixture
async def lifting(here: Home, b: Stranger, alice: ActorView) -> Place:
    """A community on B; alice belongs to it."""
    return await place(here, b, alice)


@pytest.fixture
def cy() -> Writer:
    """A member on a third node, which ours never contacts."""
    return writer()


def options(*votes: int) -> list[Document]:
    return [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": count}}
        for name, count in zip(("A", "B"), votes, strict=True)
    ]


def question(where: Place, by: Writer, *votes: int, **more: Any) -> Document:
    asked = where.note(by, "which?", type="Question", oneOf=options(*votes), **more)
    return asked | {"votersCount": sum(votes), "endTime": "2099-01-01T00:00:00Z"}


def bare(document: Document) -> Document:
    """Without its proof, to be twisted and proven again."""
    return {name: value for name, value in document.items() if name not in {"proof", "@context"}}


def tally(
    where: Place, uri: str, minutes: int, *votes: int, by: Writer | None = None, **more: Any
) -> Document:
    """How the community says that a poll stands."""
    speaker = by or where.voice
    told = {
        "id": uri,
        "type": "Question",
        "audience": where.uri,
        "oneOf": options(*votes),
        "votersCount": sum(votes),
        **more,
    }
    document = {
        "id": where.server.url(f"/act/tally-{minutes}-{'-'.join(map(str, votes))}"),
        "type": "Update",
        "actor": speaker.uri,
        "to": [where.followers],
        "audience": where.uri,
        "published": at(minutes),
        "object": told,
    }
    return speaker.proven(document)


async def poll_of(here: Home, uri: str) -> Poll:
    row = await here.stored(uri)
    assert row is not None
    found = await here.db.read(of_post, row.id)
    assert found is not None
    return found


async def figures(here: Home, uri: str) -> tuple[list[int], int | None]:
    poll = await poll_of(here, uri)
    return [option.votes for option in poll.options], poll.voters


@pytest.mark.both
@pytest.mark.interop(
    "Announce{Update{Question}}", "in", "the community's figures, newest wins", peer="a stranger"
)
async def test_the_community_says_how_a_poll_stands(lifting: Place, cy: Writer) -> None:
    asked = question(lifting, cy, 7, 7)  # its author does not count
    create = cy.proven(lifting.activity(cy, "Create", asked))
    await lifting.says(create, lifting.card(cy))
    uri = asked["id"]
    assert await figures(lifting.here, uri) == ([0, 0], 0)
    await lifting.says(tally(lifting, uri, 5, 2, 1))
    assert await dropped(lifting.here) is None
    assert await figures(lifting.here, uri) == ([2, 1], 3)
    row = await lifting.here.stored(uri)
    assert row is not None
    assert row.edited_at is None
    assert row.content == "<p>which?</p>"
    edited = asked | {"content": "<p>which one?</p>", "updated": at(6), "oneOf": options(9, 9)}
    await lifting.says(cy.proven(lifting.activity(cy, "Update", edited)), lifting.card(cy))
    assert await figures(lifting.here, uri) == ([2, 1], 3)
    await lifting.says(tally(lifting, uri, 9, 2, 3, closed=at(9)))
    assert await figures(lifting.here, uri) == ([2, 3], 5)
    assert (await poll_of(lifting.here, uri)).closed_at is not None


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
async def test_any_order_settles_to_the_newest_figures(
    lifting: Place, cy: Writer, order: tuple[int, ...]
) -> None:
    asked = question(lifting, cy, 0, 0)
    uri = asked["id"]
    told = [
        cy.proven(lifting.activity(cy, "Create", asked)),
        tally(lifting, uri, 5, 1, 0),
        tally(lifting, uri, 6, 1, 1),
        tally(lifting, uri, 7, 2, 1),
    ]
    for number in order:
        announce = lifting.announce(told[number], lifting.card(cy))
        await give(lifting.here, lifting.person, announce)
    assert await figures(lifting.here, uri) == ([2, 1], 3)


async def test_O12_nobody_else_says_how_a_poll_stands(
    lifting: Place, cy: Writer, e: Stranger, alice: ActorView
) -> None:
    asked = question(lifting, cy, 0, 0)
    uri = asked["id"]
    create = cy.proven(lifting.activity(cy, "Create", asked))
    await lifting.says(create, lifting.card(cy))
    eve = writer("eve", number=3, host="n4.example")
    lies = [
        tally(lifting, uri, 5, 9, 9, by=cy),  # not even its author
        tally(lifting, uri, 5, 9, 9, by=eve),
        tally(lifting, uri, 5, 9, 9, content="<p>words</p>"),  # words are no figures
        tally(lifting, uri, 5, 9, 9, attributedTo=cy.uri),
        lifting.voice.proven(bare(tally(lifting, uri, 5, 9, 9)) | {"type": "Create"}),
        {**tally(lifting, uri, 5, 9, 9), "published": at(8)},  # not what was proven
    ]
    other = await place(lifting.here, e, alice, "other")
    for lie in lies:
        await in_vain(
            lifting.here,
            lifting.person,
            lifting.announce(lie, lifting.card(cy), lifting.card(eve)),
        )
    # Another community, about a poll that is not its own.
    foreign = tally(other, uri, 5, 9, 9)
    await in_vain(lifting.here, other.person, other.announce(foreign))
    forged = lifting.voice.proven(bare(tally(lifting, uri, 5, 9, 9)), key=ed25519(3))
    await in_vain(lifting.here, lifting.person, lifting.announce(forged))
    assert await figures(lifting.here, uri) == ([0, 0], 0)
    await lifting.says(tally(lifting, uri, 5, 1, 0))
    assert await figures(lifting.here, uri) == ([1, 0], 1)


async def test_O11_who_belongs_no_more_hears_and_votes_no_more(
    lifting: Place, cy: Writer, alice: ActorView
) -> None:
    asked = question(lifting, cy, 0, 0)
    await lifting.says(cy.proven(lifting.activity(cy, "Create", asked)), lifting.card(cy))
    row = await lifting.here.stored(asked["id"])
    assert row is not None
    await lifting.here.db.write(
        asking.vote, node=lifting.here.node, actor_id=alice.id, post_id=row.id, choices=[0]
    )
    assert await figures(lifting.here, asked["id"]) == ([1, 0], 1)
    await set_state(lifting, alice, MembershipState.LEFT)
    await in_vain(
        lifting.here, lifting.person, lifting.announce(tally(lifting, asked["id"], 5, 3, 3))
    )
    assert await figures(lifting.here, asked["id"]) == ([1, 0], 1)


@pytest.mark.both
async def test_an_edit_waits_for_a_vote_before_it_touches_the_post(
    lifting: Place, cy: Writer
) -> None:
    asked = question(lifting, cy, 0, 0)
    await lifting.says(cy.proven(lifting.activity(cy, "Create", asked)), lifting.card(cy))
    row = await lifting.here.stored(asked["id"])
    assert row is not None
    free = select(posts.c.id).where(posts.c.id == row.id).with_for_update(skip_locked=True)
    begun, over = threading.Event(), threading.Event()

    def vote(tx: Tx) -> int | None:
        tx.lock(f"poll {row.id}")
        begun.set()
        over.wait(1)
        return tx.scalar(free)  # whose figures it would change

    voting = asyncio.create_task(lifting.here.db.write(vote))
    assert await asyncio.to_thread(begun.wait, 30)
    rule = {"canQuote": {"automaticApproval": [f"{cy.uri}/followers"]}}
    edited = asked | {"content": "<p>which one?</p>", "updated": at(6), "interactionPolicy": rule}
    await lifting.says(cy.proven(lifting.activity(cy, "Update", edited)), lifting.card(cy))
    over.set()
    assert await voting == row.id
    now = await lifting.here.stored(row.uri)
    assert now is not None
    assert now.content == "<p>which one?</p>"
    assert now.quote_policy != row.quote_policy
