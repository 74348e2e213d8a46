"""Quotes, reactions and polls that two units change at the same time, on both databases."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select

from activitypub.parse.posts import parse_note
from domain.audience import Audience
from domain.errors import NotFound
from domain.kinds import PostType
from domain.quotes import QuoteState
from domain.reactions import Reaction, unpacked
from social import consent, quoted, reactions, remote_changes, remote_polls, storing
from social import quotes as acts
from storage.database import Database
from storage.queries import actors, posts, quotes
from storage.queries.quotes import QuoteRow
from storage.tables.posts import posts as table
from storage.tables.traffic import activities
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.support.factories import (
    NODE,
    add_follow,
    add_node,
    add_person,
    add_post,
    add_remote,
    origin_of,
)

pytestmark = pytest.mark.both

FAR = "https://far.example"
_SENT = select(func.count()).select_from(activities)
_FREE = select(table.c.id).where(table.c.id == bindparam("key")).with_for_update(skip_locked=True)

Act = Callable[[Tx], object]


async def overlapping(db: Database, first: Act, second: Act, then: Act | None = None) -> object:
    """`first` has done its part and is not stored yet when `second` comes; what `then` saw."""
    done = threading.Event()

    def slow(tx: Tx) -> object:
        first(tx)
        done.set()
        time.sleep(0.3)
        return then(tx) if then is not None else None

    begun = asyncio.create_task(db.write(slow))
    assert await asyncio.to_thread(done.wait, 60)
    await db.write(second)
    return await begun


def row_of(tx: Tx, post_id: int) -> PostRow:
    found = posts.by_id(tx, post_id)
    assert found is not None
    return found


def view_of(tx: Tx, actor_id: int) -> ActorView:
    found = actors.by_id(tx, actor_id)
    assert found is not None
    return found


# Quotes.


class Quoted:
    """Ana's post is quoted by zoe and by yan, who live elsewhere; both quotes count."""

    def __init__(self, tx: Tx) -> None:
        add_node(tx)
        self.ana = add_person(tx, "ana")
        self.zoe, self.yan = (add_remote(tx, name) for name in ("zoe", "yan"))
        self.post = add_post(tx, self.ana, Audience.public())
        self.quote, _ = (self._quotes(tx, who) for who in (self.zoe, self.yan))
        assert self.count(tx) == 2

    def _quotes(self, tx: Tx, who: int) -> QuoteRow:
        uri, about = f"{FAR}/notes/{who}", row_of(tx, self.post).uri
        origin = origin_of(tx, FAR)
        post = add_post(tx, who, Audience.public(), origin_id=origin, uri=uri, quote_uri=about)
        made = QuoteRow(
            id=post,
            uri=uri,
            post_id=post,
            quoter_id=who,
            quoted_uri=about,
            quoted_id=self.post,
            state=QuoteState.ACCEPTED,
            unasked=False,
            counted=False,
            request_uri=None,
            authorization_uri=NODE.authorization(post),
            created_at=tx.now,
            checked_at=tx.now,
        )
        quotes.put(tx, made)
        return consent.settle(tx, made, fresh=True)

    def count(self, tx: Tx) -> int:
        return row_of(tx, self.post).quotes_count

    def now(self, tx: Tx) -> tuple[QuoteState | None, bool, int]:
        """(state, whether it counts, quotes that the post shows)."""
        found = quotes.by_id(tx, self.quote.id)
        assert found is not None
        return found.state, found.counted, self.count(tx)

    def by_hand(self, tx: Tx) -> None:
        given: dict[str, Any] = {"post_id": self.post, "quoting_id": self.quote.id}
        with suppress(NotFound):
            acts.revoke(tx, node=NODE, author_id=self.ana, **given)

    def by_block(self, tx: Tx) -> None:
        acts.revoke_all(tx, node=NODE, author_id=self.ana, quoter_id=self.zoe)

    def by_message(self, tx: Tx) -> None:
        uri = self.quote.authorization_uri or ""
        quoted.revoked(tx, node=NODE, uri=uri, signer=view_of(tx, self.ana))

    def by_check(self, tx: Tx) -> None:
        quoted.revoke(tx, node=NODE, quote=self.quote)

    def by_deletion(self, tx: Tx) -> None:
        storing.remove(tx, row_of(tx, self.quote.id))

    def found_again(self, tx: Tx) -> None:
        quoted.find(tx, node=NODE, quote=self.quote)


@pytest.mark.parametrize(
    "second", ["by_hand", "by_block", "by_message", "by_check", "by_deletion", "found_again"]
)
async def test_O12_a_quote_is_taken_back_once_and_for_good(database: Database, second: str) -> None:
    scene = await database.write(Quoted)
    await overlapping(database, scene.by_hand, getattr(scene, second))
    assert await database.read(scene.now) == (QuoteState.REVOKED, False, 1)
    assert await database.read(lambda tx: tx.scalar(_SENT)) == 1  # the quoter is told once


def test_O12_a_quote_that_was_read_before_its_end_ends_once(tx: Tx) -> None:
    scene = Quoted(tx)
    for _ in range(2):
        quoted.revoke(tx, node=NODE, quote=scene.quote)
    assert scene.now(tx) == (QuoteState.REVOKED, False, 1)


# Reactions.


async def test_two_who_choose_another_emoji_are_both_in_the_tally(database: Database) -> None:
    def begin(tx: Tx) -> tuple[PostRow, int, int]:
        add_node(tx)
        ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
        row = row_of(tx, add_post(tx, ana, Audience.public()))
        for who in (bo, cy):
            assert like(tx, who, row, "❤")
        return row, bo, cy

    def like(tx: Tx, who: int, row: PostRow, emoji: str) -> bool:
        uri = f"{NODE.origin}/act/{who}/{emoji}"
        return reactions.add_like(tx, actor_id=who, post=row, uri=uri, said_with=Reaction(emoji))

    row, bo, cy = await database.write(begin)
    await overlapping(
        database, lambda tx: like(tx, bo, row, "🎉"), lambda tx: like(tx, cy, row, "🎉")
    )
    now = await database.read(row_of, row.id)
    assert [(one.emoji, one.count) for one in unpacked(now.reactions)] == [("🎉", 2)]
    assert now.likes_count == 2


# Polls.


def _question(uri: str, author: str, *votes: int) -> dict[str, Any]:
    options = [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": count}}
        for name, count in zip(("A", "B"), votes, strict=True)
    ]
    said = {"content": "<p>which?</p>", "votersCount": sum(votes), "oneOf": options}
    return {"id": uri, "type": "Question", "attributedTo": author, **said}


async def test_figures_wait_for_a_vote_before_they_touch_the_post(database: Database) -> None:
    def begin(tx: Tx) -> tuple[PostRow, ActorView]:
        add_node(tx)
        zoe = view_of(tx, add_remote(tx, "zoe"))
        add_follow(tx, add_person(tx, "ana"), zoe.id)
        given: dict[str, Any] = {"origin_id": zoe.origin_id, "uri": f"{FAR}/q/1"}
        made = add_post(tx, zoe.id, Audience.public(), type=PostType.QUESTION, **given)
        row = row_of(tx, made)
        remote_polls.take(tx, row, parse_note(_question(row.uri, zoe.uri, 1, 1)).poll)
        return row, zoe

    row, zoe = await database.write(begin)
    note = parse_note(_question(row.uri, zoe.uri, 2, 1))
    free = await overlapping(
        database,
        lambda tx: tx.lock(f"poll {row.id}"),  # as a vote begins
        lambda tx: remote_changes.update_remote_post(tx, node=NODE, note=note, signer=zoe),
        lambda tx: tx.scalar(_FREE, key=row.id),  # as it ends
    )
    assert free == row.id
