"""P11: whoever stands on the other side of a block reaches nothing of ours, whatever they send.

Each activity is one that would have an effect if there were no block; with one it is taken and
dropped like the same about what never was (O11).
"""

from collections.abc import Callable
from typing import Any

import pytest

from domain.polls import NewPoll
from storage.queries import blocks
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from storage.views.threads import thread
from tests.inbox.giving import dropped, give, in_vain, known
from tests.inbox.home import Home
from tests.inbox.quoting import asked, quoting
from tests.inbox.test_polls import ask, vote
from tests.support.factories import member
from tests.support.stranger import PUBLIC, Document, Person, Stranger

Make = Callable[[Stranger, Person, ActorView, str], Document]


def like(server: Stranger, who: Person, alice: ActorView, uri: str) -> Document:
    return server.activity(who, "Like", uri)


def react(server: Stranger, who: Person, alice: ActorView, uri: str) -> Document:
    return server.activity(who, "EmojiReact", uri, content="🎉")


def share(server: Stranger, who: Person, alice: ActorView, uri: str) -> Document:
    return server.activity(who, "Announce", uri, to=[PUBLIC])


def choose(server: Stranger, who: Person, alice: ActorView, uri: str) -> Document:
    row: Any = type("Poll", (), {"uri": uri})
    return vote(who, row, "Ethics")


def answer(server: Stranger, who: Person, alice: ActorView, uri: str) -> Document:
    mention = {"type": "Mention", "href": alice.uri, "name": "@alice"}
    note = server.note(who, inReplyTo=uri, to=[PUBLIC, alice.uri], tag=[mention])
    return server.activity(who, "Create", note, to=note["to"])


def quote(server: Stranger, who: Person, alice: ActorView, uri: str) -> Document:
    note = quoting(server, who, uri)
    return server.activity(who, "Create", note, to=note["to"], cc=note["cc"])


def ask_to_quote(server: Stranger, who: Person, alice: ActorView, uri: str) -> Document:
    return asked(server, who, uri, quoting(server, who, uri))


SAID: list[Make] = [like, react, share, choose, quote, ask_to_quote]


@pytest.fixture
async def poll(here: Home, alice: ActorView) -> PostRow:
    return await ask(here, alice, NewPoll(("Graphs", "Ethics"), 3600))


@pytest.mark.parametrize("by", ["us", "them"])
@pytest.mark.parametrize("make", SAID, ids=lambda make: make.__name__)
async def test_P11_O11_nothing_comes_across_a_block(
    here: Home, e: Stranger, mallory: Person, alice: ActorView, poll: PostRow, make: Make, by: str
) -> None:
    theirs = await known(here, mallory)
    ends = (alice.id, theirs.id) if by == "us" else (theirs.id, alice.id)
    await here.db.write(lambda tx: blocks.add(tx, blocker_id=ends[0], blocked_id=ends[1], uri=None))
    reasons = []
    for uri in (poll.uri, here.node.post(123456789)):
        await in_vain(here, mallory, make(e, mallory, alice, uri))
        reasons.append(await dropped(here))
    assert reasons[0] == reasons[1]


async def test_P11_an_answer_across_a_block_is_for_others_alone(
    here: Home, e: Stranger, mallory: Person, alice: ActorView, poll: PostRow
) -> None:
    """A block hides single posts, not threads (protocol §4): others may talk with both."""
    theirs = await known(here, mallory)
    await here.db.write(
        lambda tx: blocks.add(tx, blocker_id=alice.id, blocked_id=theirs.id, uri=None)
    )
    await give(here, mallory, answer(e, mallory, alice, poll.uri))
    assert [row for row in await here.rows("notifications") if row[1] == alice.id] == []
    bo = await here.someone("bo")
    for reader, expected in ((alice, 0), (bo, 1)):
        found = await here.db.read(thread, poll.id, member(reader.id))
        assert len(found[1]) == expected


@pytest.mark.parametrize("make", [*SAID, answer], ids=lambda make: make.__name__)
async def test_P11_without_a_block_the_same_has_its_effect(
    here: Home, e: Stranger, mallory: Person, alice: ActorView, poll: PostRow, make: Make
) -> None:
    await known(here, mallory)
    before = await here.digest()
    await give(here, mallory, make(e, mallory, alice, poll.uri))
    assert await dropped(here) is None
    assert await here.digest() != before
