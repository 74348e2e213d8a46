"""Posts stored together while somebody else does something about them, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from activitypub.parse.activities import parse_activity
from activitypub.parse.posts import NoteDocument
from domain.audience import Viewer
from domain.kinds import FollowState
from federation.authentication import Signer
from federation.signatures import Scheme
from inbox import together
from inbox.at_once import _do
from inbox.handlers import HANDLERS, delete, update
from inbox.intake import take_in
from inbox.processing import _receive
from inbox.signed import Handler, SignedActivity
from inbox.together import Said, Together
from social import follows, timelines
from storage.database import Database, now_ms
from storage.queries import actors, posts
from storage.queries import follows as ties
from storage.queries import timelines as homes
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.paging import Page
from storage.views.posts import PostRow
from storage.views.timelines import home_page
from tests.inbox.both_ways import _ALL
from tests.support.factories import (
    NODE,
    add_follow,
    add_node,
    add_person,
    add_remote,
    member,
)
from tests.support.overlapping import overlapping
from tests.support.stranger import PUBLIC, Document

both = pytest.mark.both
FAR = "https://far.example"


class Scene:
    """Zoe and Yan elsewhere, whom Ana here follows; Ana's home is written."""

    def __init__(self, tx: Tx) -> None:
        add_node(tx)
        self.ana = add_person(tx, "ana")
        self.zoe, self.yan = (self._view(tx, add_remote(tx, name)) for name in ("zoe", "yan"))
        for who in (self.zoe, self.yan):
            add_follow(tx, self.ana, who.id)
        self.reader = self._view(tx, self.ana)

    @staticmethod
    def _view(tx: Tx, actor_id: int) -> ActorView:
        found = actors.by_id(tx, actor_id)
        assert found is not None
        return found

    def says(self, kind: str, about: Any, by: ActorView | None = None) -> SignedActivity:
        author = by or self.zoe
        name = about["id"] if isinstance(about, dict) else about
        whole = {"id": f"{name}#{kind}", "type": kind, "actor": author.uri, "object": about}
        return SignedActivity(parse_activity(whole), author, now_ms(), orjson.dumps(whole))

    def note(self, number: int = 1, by: ActorView | None = None, **said: Any) -> Document:
        author = by or self.zoe
        return {
            "id": f"{FAR}/o/{author.handle}-{number}",
            "type": "Note",
            "attributedTo": author.uri,
            "content": f"<p>words {number}</p>",
            "to": [PUBLIC],
            "cc": [self.reader.uri],
            "tag": [{"type": "Mention", "href": self.reader.uri}],
        } | said

    def create(self, number: int = 1, by: ActorView | None = None, **said: Any) -> SignedActivity:
        return self.says("Create", self.note(number, by, **said), by)


@pytest.fixture
async def scene(database: Database) -> Scene:
    return await database.write(Scene)


def meant(signed: SignedActivity) -> NoteDocument:
    handler = HANDLERS[signed.activity.type]
    assert handler.at_once is not None
    note = handler.at_once(signed)
    assert isinstance(note, NoteDocument)
    return note


class Stored:
    """Stores Creates together in a unit, and remembers what went so."""

    def __init__(self, *creates: SignedActivity) -> None:
        self.said = [Said(signed, meant(signed)) for signed in creates]
        self.answers: list[bool] = []

    def __call__(self, tx: Tx) -> None:
        self.answers = together.store(tx, node=NODE, said=self.said)


def long_way(signed: SignedActivity) -> Callable[[Tx], bool]:
    handler, note = HANDLERS[signed.activity.type], meant(signed)
    return lambda tx: _do(tx, node=NODE, handler=handler, signed=signed, meaning=note, members=None)


def done_by_a_job(signed: SignedActivity, meaning: Any) -> Callable[[Tx], None]:
    """As `inbox/processing` does a Delete or an Update that was taken in."""
    does = {"Delete": delete, "Update": update}[signed.activity.type]
    handler: Handler[Any] = Handler(does.verify, does.receive)

    def do(tx: Tx) -> None:
        signer = Signer(signed.signer, f"{signed.signer.uri}#main-key", Scheme.CAVAGE)
        body = signed.body or b""
        number = take_in(tx, signer=signer, activity=signed.activity, body=body)
        assert number is not None
        _receive(tx, number, node=NODE, handler=handler, signed=signed, meaning=meaning)

    return do


async def post(db: Database, uri: str) -> PostRow:
    found = await db.read(posts.by_uri, uri)
    assert found is not None
    return found


async def rows(db: Database, table: str) -> list[tuple[Any, ...]]:
    return await db.read(lambda tx: tx.all(_ALL[table]))


# The same post twice.


@both
async def test_S15_a_post_that_is_stored_together_at_this_moment_is_stored_once(
    database: Database, scene: Scene
) -> None:
    first, second = Stored(scene.create(), scene.create(2)), Stored(scene.create(), scene.create(3))
    await overlapping(database, first, second)
    assert (first.answers, second.answers) == ([True, True], [False, True])
    assert len(await rows(database, "posts")) == 3
    assert len(await rows(database, "notifications")) == 3


@both
@pytest.mark.parametrize("way", ["together", "alone"])
async def test_S15_a_post_that_comes_both_ways_at_once_is_stored_once(
    database: Database, scene: Scene, way: str
) -> None:
    ways: list[Callable[[Tx], object]] = [Stored(scene.create()), long_way(scene.create())]
    await overlapping(database, *(ways if way == "together" else reversed(ways)))
    for table in ("posts", "notifications", "home_entries", "intake"):
        assert len(await rows(database, table)) == 1, table


@pytest.fixture
async def beside(database: Database, database_url: str) -> AsyncIterator[Database]:
    """What a second process has open on the same database."""
    opened = await Database.open(database_url)
    yield opened
    await opened.close(timeout=5)


@pytest.mark.only("postgresql")
async def test_S15_two_processes_store_the_same_posts_once(
    database: Database, beside: Database, scene: Scene
) -> None:
    creates = [scene.create(n, by) for n in range(20) for by in (scene.zoe, scene.yan)]

    async def arrive(db: Database, point: Together, signed: SignedActivity) -> None:
        if not await point.take(signed, meant(signed)):
            assert await db.write(long_way(signed))

    points = [(db, Together(db, NODE, most=7)) for db in (database, beside)]
    coming = [(*points[0], signed) for signed in creates]
    coming += [(*points[1], signed) for signed in reversed(creates)]
    await asyncio.gather(*(arrive(*each) for each in coming))
    for table in ("posts", "notifications", "home_entries", "intake"):
        assert len(await rows(database, table)) == 40, table
    for who in (scene.zoe, scene.yan):
        found = await database.read(actors.by_id, who.id)
        assert found is not None
        assert found.posts_count == 20


@both
async def test_two_units_count_the_posts_of_one_author(database: Database, scene: Scene) -> None:
    first, second = Stored(scene.create(1)), Stored(scene.create(2), scene.create(3))
    await overlapping(database, first, second)
    found = await database.read(actors.by_id, scene.zoe.id)
    assert found is not None
    assert found.posts_count == 3


@both
async def test_two_units_that_link_to_one_page_have_one_preview(
    database: Database, scene: Scene
) -> None:
    words: Document = {"content": '<p><a href="https://page.example/a">here</a></p>'}
    first = Stored(scene.create(1, **words))
    second = Stored(scene.create(2, scene.yan, **words))
    await overlapping(database, first, second)
    assert (first.answers, second.answers) == ([True], [True])
    assert len(await rows(database, "link_previews")) == 1
    assert [row[1] for row in await rows(database, "jobs")] == ["look_at_page"]


@pytest.mark.only("postgresql")
async def test_two_processes_that_link_to_the_same_pages_do_not_stop_each_other(
    database: Database, beside: Database, scene: Scene
) -> None:
    pages: list[Document] = [
        {"content": f'<p><a href="https://page.example/{number}">here</a></p>'}
        for number in range(20)
    ]
    first = [scene.create(number, scene.zoe, **page) for number, page in enumerate(pages)]
    second = [scene.create(number, scene.yan, **page) for number, page in enumerate(pages)]
    one, two = Together(database, NODE), Together(beside, NODE)
    with capture_logs() as logged:
        stored = await asyncio.gather(
            *(one.take(signed, meant(signed)) for signed in first),
            *(two.take(signed, meant(signed)) for signed in reversed(second)),
        )
    assert all(stored)
    assert len(await rows(database, "link_previews")) == 20
    assert [one["event"] for one in logged if one["log_level"] != "info"] == []


# An answer and what it answers.


@both
async def test_an_answer_finds_the_parent_that_is_stored_together_at_this_moment(
    database: Database, scene: Scene
) -> None:
    parent = Stored(scene.create())
    uri = parent.said[0].note.id
    answer = scene.create(1, scene.yan, inReplyTo=uri)
    await overlapping(database, parent, long_way(answer))
    assert parent.answers == [True]
    above, below = await post(database, uri), await post(database, meant(answer).id)
    assert (below.reply_to_id, below.root_id, above.replies_count) == (above.id, above.id, 1)


@both
async def test_a_parent_finds_the_answer_that_is_stored_at_this_moment(
    database: Database, scene: Scene
) -> None:
    created = scene.create()
    parent = Stored(created, scene.create(2))
    uri = parent.said[0].note.id
    answer = scene.create(1, scene.yan, inReplyTo=uri)
    await overlapping(database, long_way(answer), parent)
    assert parent.answers == [False, True], "the answer waits for it"
    await database.write(long_way(created))
    above, below = await post(database, uri), await post(database, meant(answer).id)
    assert (below.reply_to_id, below.root_id, above.replies_count) == (above.id, above.id, 1)


# What its author says of it next.


@both
async def test_O08_a_delete_waits_for_the_post_that_is_stored_together(
    database: Database, scene: Scene
) -> None:
    created = Stored(scene.create(), scene.create(2))
    uri = created.said[0].note.id
    await overlapping(database, created, done_by_a_job(scene.says("Delete", uri), uri))
    assert (await post(database, uri)).deleted_at is not None
    assert len(await rows(database, "notifications")) == 1
    assert len(await rows(database, "home_entries")) == 1


@both
async def test_O08_what_is_deleted_at_this_moment_is_not_stored_together(
    database: Database, scene: Scene
) -> None:
    created = Stored(scene.create(), scene.create(2))
    uri = created.said[0].note.id
    await overlapping(database, done_by_a_job(scene.says("Delete", uri), uri), created)
    assert created.answers == [False, True]
    await database.write(long_way(scene.create()))
    assert await database.read(posts.by_uri, uri) is None


@both
async def test_an_edit_waits_for_the_post_that_is_stored_together(
    database: Database, scene: Scene
) -> None:
    created = Stored(scene.create())
    edited = scene.note() | {
        "content": "<p>other words</p>",
        "updated": "2126-01-01T00:00:00Z",
    }
    note = meant(scene.says("Create", edited))
    await overlapping(database, created, done_by_a_job(scene.says("Update", edited), note))
    assert (await post(database, edited["id"])).content == "<p>other words</p>"


# Who reads it.


def at_home(tx: Tx, viewer: Viewer) -> list[str]:
    found = [posts.by_id(tx, entry.post_id) for entry in home_page(tx, viewer, Page())]
    return [row.uri for row in found if row is not None]


@both
@pytest.mark.parametrize("first", ["posts", "home"])
async def test_a_home_that_is_built_at_this_moment_has_the_posts(
    database: Database, scene: Scene, first: str
) -> None:
    await database.write(homes.set_fresh, scene.ana, 0)
    created, viewer = Stored(scene.create(1), scene.create(2, scene.yan)), member(scene.ana)
    acts: list[Callable[[Tx], object]] = [
        created,
        lambda tx: timelines.build(tx, viewer=viewer, ids=[]),
    ]
    await overlapping(database, *(acts if first == "posts" else reversed(acts)))
    assert created.answers == [True, True]
    uris = {said.note.id for said in created.said}
    assert set(await database.read(at_home, viewer)) == uris
    assert len(await rows(database, "home_entries")) == 2


@both
@pytest.mark.parametrize("first", ["posts", "unfollowing"])
async def test_who_unfollows_at_this_moment_is_shown_nothing(
    database: Database, scene: Scene, first: str
) -> None:
    note = scene.note() | {"cc": [], "tag": []}
    created = Stored(scene.says("Create", note), scene.create(1, scene.yan))
    acts: list[Callable[[Tx], object]] = [
        created,
        lambda tx: follows.unfollow(tx, node=NODE, follower_id=scene.ana, target_id=scene.zoe.id),
    ]
    await overlapping(database, *(acts if first == "posts" else reversed(acts)))
    shown = await database.read(at_home, member(scene.ana))
    assert shown == [created.said[1].note.id]


@both
@pytest.mark.parametrize("first", ["posts", "following"])
async def test_who_begins_to_follow_at_this_moment_finds_the_posts(
    database: Database, scene: Scene, first: str
) -> None:
    def ask(tx: Tx) -> None:
        ties.remove(tx, scene.ana, scene.zoe.id)
        add_follow(tx, scene.ana, scene.zoe.id, state=FollowState.PENDING)

    await database.write(ask)
    created = Stored(scene.create(), scene.create(1, scene.yan))
    acts: list[Callable[[Tx], object]] = [
        created,
        lambda tx: follows.receive_accept(tx, follower_id=scene.ana, target_id=scene.zoe.id),
    ]
    await overlapping(database, *(acts if first == "posts" else reversed(acts)))
    assert created.answers == [True, True]
    shown = await database.read(at_home, member(scene.ana))
    assert set(shown) == {said.note.id for said in created.said}
