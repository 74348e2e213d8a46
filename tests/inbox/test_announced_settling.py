"""Whatever the order and however often a community's announcements come: the same state (§5)."""

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, select

from activitypub.json import parse, to_bytes
from activitypub.parse.activities import parse_activity
from domain.audience import Audience, Viewer
from domain.kinds import Acceptance
from social import announced
from social.vouching import hear
from storage.queries import likes, posts
from storage.queries.keys import public_keys
from storage.tables.posts import post_versions
from storage.tables.timelines import notifications
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.paging import Page
from storage.views.threads import thread
from tests.inbox.gathering import NOON, Place, Writer, at, place, plain, writer
from tests.inbox.home import Home
from tests.support.factories import add_post
from tests.support.stranger import Document, Stranger, ed25519

_VERSIONS = (
    select(post_versions.c.made_at, post_versions.c.content)
    .where(post_versions.c.post_id == bindparam("post_id"))
    .order_by(post_versions.c.made_at)
)
_TOLD = (
    select(notifications.c.kind)
    .where(notifications.c.actor_id == bindparam("actor_id"))
    .where(notifications.c.post_id == bindparam("post_id"))
    .order_by(notifications.c.kind)
)
_threads = count(1)


class Thread:
    """Edits, answers, a deletion, likes taken back and given again, and a post of ours."""

    def __init__(self, where: Place, alice: ActorView, alice_key: str) -> None:
        self.where = where
        self.cy, self.eve, self.dee = writer(), writer("eve", number=2), plain()
        self.mine = Writer(alice.uri, "alice", "", ed25519(99), alice_key)
        number = next(_threads)
        self.own = f"{where.here.node.origin}/o/{number}"
        self.steps = self._steps(alice)

    def _steps(self, alice: ActorView) -> list[Document]:
        where, cy, eve = self.where, self.cy, self.eve
        one = where.create(cy, "one", published=at(0))
        first = one["object"]
        two = where.create(eve, "two", inReplyTo=first["id"], published=at(1))
        three = self._for_dee("three", inReplyTo=two["object"]["id"], published=at(2))
        four = where.create(cy, "four", inReplyTo=first["id"], published=at(3))
        five = where.create(eve, "five", inReplyTo=four["object"]["id"], published=at(4))
        six = where.create(cy, "six", inReplyTo=self.own, published=at(6))
        liked, again = where.like(eve, first["id"]), where.like(eve, first["id"], "EmojiReact")
        twice = where.like(cy, two["object"]["id"])
        other = where.like(cy, two["object"]["id"])
        inner = where.note(self.mine, "ours", id=self.own, published=at(5))
        own = self.mine.proven(where.activity(self.mine, "Create", inner))
        return [
            *(one, two, three, four),
            where.update(cy, first, "one, edited", 10),
            where.update(cy, first, "one", 11),  # back to the first words
            where.update(eve, two["object"], "two, edited", 12),
            *(liked, where.undo(eve, liked), again),
            *(twice, other, where.undo(cy, twice)),
            self._like_for_dee(two["object"]["id"]),
            where.update(cy, four["object"], "four, edited", 13),
            where.delete(cy, four["object"]),
            five,
            *(own, six, where.like(eve, self.own)),
        ]

    def _for_dee(self, words: str, **more: Any) -> Document:
        voice = self.where.voice
        note = self.where.note(voice, words, **more) | {"tertulia:onBehalfOf": self.dee.uri}
        return voice.proven(self.where.activity(voice, "Create", note))

    def _like_for_dee(self, uri: str) -> Document:
        voice = self.where.voice
        more = {"tertulia:onBehalfOf": self.dee.uri}
        return voice.proven(self.where.activity(voice, "Like", uri, **more))

    @property
    def uris(self) -> list[str]:
        made = [step["object"]["id"] for step in self.steps if step["type"] == "Create"]
        return sorted(made, key=self._name)

    def _name(self, uri: str) -> str:
        """What stays the same from thread to thread."""
        words: dict[str, str] = {
            step["object"]["id"]: step["object"]["content"]
            for step in self.steps
            if step["type"] == "Create"
        }
        return words[uri]

    async def played(self, alice: ActorView, order: Sequence[int]) -> Any:
        """Let everything be announced in this order; what comes of it."""
        where, here = self.where, self.where.here
        await here.db.write(self._write_ours, alice)
        told = [where.card(one) for one in (self.cy, self.eve, self.dee)]
        for index in order:
            document = where.announce(self.steps[index], *told)
            announce = parse_activity(parse(to_bytes(document), max_bytes=1 << 20))
            now = int(here.fetcher.now().timestamp() * 1000)
            heard = await hear(here.fetcher, where.actor, announce, received_at=now)
            await here.db.write(announced.take, node=here.node, heard=heard)
        return await here.db.read(self._state, alice)

    def _write_ours(self, tx: Tx, alice: ActorView) -> None:
        pair = Audience.community(self.where.actor.id)
        add_post(
            tx,
            alice.id,
            pair,
            uri=self.own,
            place_id=self.where.actor.id,
            content="<p>ours</p>",
            acceptance=Acceptance.WAITING,
            created_at=int(NOON.timestamp() * 1000) + 5 * 60_000,
        )

    def _state(self, tx: Tx, alice: ActorView) -> Any:
        rows = {uri: posts.by_uri(tx, uri) for uri in self.uris}
        names = {row.id: self._name(uri) for uri, row in rows.items() if row is not None}
        viewer = Viewer.local(alice.id, full=True)
        return [self._told(tx, names, row, viewer) for row in rows.values()]

    def _told(self, tx: Tx, names: dict[int, str], row: Any, viewer: Viewer) -> Any:
        wrapper = posts.share_of(tx, row.id, self.where.actor.id)
        gone = row.deleted_at is not None
        told: dict[str, Any] = {
            "answers": names.get(row.reply_to_id),
            "waits for": row.reply_to_uri,
            "gone": gone,
            "wrapped": wrapper is not None and wrapper.root_id == row.root_id,
        }
        if not gone:
            likers = [actor.uri for _, actor in likes.likers(tx, row.id, viewer, Page())]
            below = thread(tx, row.id, viewer).below
            told |= {
                "says": (row.content, row.edited_at, row.created_at, row.acceptance),
                "said": tx.all(_VERSIONS, post_id=row.id),
                "counts": (row.replies_count, row.likes_count, row.shares_count),
                "likers": sorted(likers),
                "root": names.get(row.root_id),
                "below": [names[view.id] for view in below],
                "told": tx.all(_TOLD, actor_id=viewer.actor, post_id=row.id),
            }
        return told


@pytest.fixture
async def lifting(here: Home, b: Stranger, alice: ActorView) -> Place:
    return await place(here, b, alice)


async def ed25519_key(here: Home, actor: ActorView) -> str:
    found = await here.db.read(public_keys, actor.id)
    return next(key.uri for key in found if key.uri.endswith("#ed25519-key"))


LENGTH = 20
EVERYTHING = list(range(LENGTH))
ORDERS = st.lists(st.sampled_from(EVERYTHING), max_size=8).flatmap(
    lambda again: st.permutations(EVERYTHING + again)
)


async def test_any_order_and_repetition_of_announcements_settles_to_the_same_state(
    here: Home, lifting: Place, alice: ActorView
) -> None:
    key = await ed25519_key(here, alice)
    expected = await Thread(lifting, alice, key).played(alice, EVERYTHING)
    assert len(Thread(lifting, alice, key).steps) == LENGTH
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(ORDERS)
    def check(order: list[int]) -> None:
        fresh = Thread(lifting, alice, key).played(alice, order)
        assert asyncio.run_coroutine_threadsafe(fresh, loop).result(30) == expected

    await asyncio.to_thread(check)
