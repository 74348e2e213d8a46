"""What an open community announces: once, to whom, what of it, and never more than all may read."""

from typing import Any

import orjson
import pytest
from msgspec import convert
from sqlalchemy import bindparam, select

from activitypub.json import JsonObject
from activitypub.vocabulary import PUBLIC
from domain.audience import Audience
from domain.choices import Choice
from domain.kinds import ActorType, Joining, Preset, RuleAction, Way
from outbox.announcing import announce, without_hidden
from outbox.open_communities import ANNOUNCE_OPEN, Passed, pass_on
from social import moderating, storing
from social.posts import Draft, create_post, delete_post
from storage.queries import actors, posts
from storage.queries.activities import activity
from storage.queries.disclosures import is_disclosed
from storage.queries.origins import set_rule
from storage.tables.jobs import jobs
from storage.tables.traffic import activities, deliveries
from storage.tx import Tx
from storage.views.posts import PostRow
from tests.support.clubs import OPEN
from tests.support.factories import (
    add_actor,
    add_follow,
    add_membership,
    add_node,
    add_person,
    add_post,
    add_remote,
    origin_of,
    put_community,
)

pytestmark = pytest.mark.both

_JOBS = select(jobs.c.payload).where(jobs.c.kind == ANNOUNCE_OPEN).order_by(jobs.c.id)
_SENT = select(activities.c.body).order_by(activities.c.id)
_INBOXES = select(deliveries.c.inbox).where(deliveries.c.activity_id == bindparam("id"))
FAR, LAB = "https://far.example", "https://lab.example"


class World:
    """An open community: Ana belongs here; Cy and Dee of far, and Kim of lab, follow it."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        add_node(tx)
        self.ana = add_person(tx, "ana")
        self.id = add_actor(tx, "world", type=ActorType.GROUP)
        put_community(tx, self.id, preset=Preset.WORLD, joining=Joining.OPEN, listed=True)
        self.cy, self.dee = add_remote(tx, "cy", FAR), add_remote(tx, "dee", FAR)
        self.kim = add_remote(tx, "kim", LAB)
        add_membership(tx, self.id, self.ana)
        add_follow(tx, self.ana, self.id)
        for one in (self.cy, self.dee, self.kim):
            add_membership(tx, self.id, one, way=Way.OPEN)
            add_follow(tx, one, self.id)
        found = actors.by_id(tx, self.id)
        assert found is not None
        self.actor = found

    def row(self, post_id: int) -> PostRow:
        found = posts.by_id(self.tx, post_id)
        assert found is not None
        return found

    def said(self, text: str = "@world hello", **draft: Any) -> PostRow:
        made = create_post(self.tx, node=OPEN, author_id=self.ana, draft=Draft(text, **draft))
        return self.row(made.post_id)

    def came(self, author: int, **values: Any) -> PostRow:
        """A post from elsewhere that stands in the community, with its wrapper."""
        audience = values.pop("audience", Audience.public())
        row = self.row(add_post(self.tx, author, audience, place_id=self.id, **values))
        now = self.tx.now
        storing.wrap(self.tx, row, community=self.actor, uri=None, announced_at=now, node=OPEN)
        return row

    def run(self) -> None:
        """Every queued job, twice: it may run again."""
        for (payload,) in [*self.tx.all(_JOBS), *self.tx.all(_JOBS)]:
            passed = convert(orjson.loads(payload), Passed)
            stored = activity(self.tx, passed.activity)
            body = passed.body.encode() if passed.body else stored[2] if stored else b"{}"
            announce(self.tx, node=OPEN, passed=passed, inner=without_hidden(orjson.loads(body)))

    def announced(self) -> list[JsonObject]:
        self.run()
        found = [orjson.loads(body) for (body,) in self.tx.all(_SENT)]
        return [one for one in found if one["actor"] == self.actor.uri]

    def kinds(self) -> list[str]:
        """What is announced: types of activities, "" for a bare post."""
        return [
            str(one["object"]["type"]) if isinstance(one["object"], dict) else ""
            for one in self.announced()
        ]


@pytest.fixture
def world(tx: Tx) -> World:
    return World(tx)


def create_of(world: World, row: PostRow, **more: Any) -> bytes:
    author = actors.by_id(world.tx, row.author_id)
    assert author is not None
    note = {"id": row.uri, "type": "Note", "attributedTo": author.uri, "content": "<p>x</p>"}
    create = {"id": f"{row.uri}/create", "type": "Create", "actor": author.uri, "object": note}
    return orjson.dumps(create | more)


def test_a_post_is_announced_as_it_is_and_by_its_id_once_to_each_server(world: World) -> None:
    post = world.said()
    bare, whole = world.announced()  # by their ids: the wrapper was first
    assert whole["object"]["id"] != post.uri
    assert whole["object"]["object"]["id"] == bare["object"] == post.uri
    assert (whole["to"], whole["cc"]) == ([PUBLIC], [world.actor.followers])
    wrapper = posts.share_of(world.tx, post.id, world.id)
    assert wrapper is not None
    assert bare["id"] == wrapper.uri
    inboxes = [row[0] for row in world.tx.all(_INBOXES, id=wrapper.id)]
    assert len(inboxes) == len(set(inboxes)) == 2
    assert is_disclosed(world.tx, world.ana, origin_of(world.tx, LAB))


def test_an_answer_is_announced_once_with_the_id_of_its_wrapper(world: World) -> None:
    post = world.said()
    answer = world.said("yes", reply_to_id=post.id)
    wrapper = posts.share_of(world.tx, answer.id, world.id)
    assert wrapper is not None
    assert sorted(world.kinds()) == ["", "Create", "Create"]
    assert wrapper.uri in [one["id"] for one in world.announced()]


def test_a_server_that_is_blocked_gets_nothing(world: World) -> None:
    set_rule(world.tx, "lab.example", RuleAction.BLOCK)
    post = world.said()
    world.run()
    wrapper = posts.share_of(world.tx, post.id, world.id)
    assert wrapper is not None
    (inbox,) = [row[0] for row in world.tx.all(_INBOXES, id=wrapper.id)]
    assert inbox.startswith(FAR)


def test_words_from_elsewhere_go_on_as_they_came_without_who_is_hidden(world: World) -> None:
    row = world.came(world.cy)
    body = create_of(world, row, bto=["https://far.example/secret"], said={"bcc": ["x"], "a": 1})
    pass_on(world.tx, world.actor, post_id=row.id, body=body)
    bare, whole = world.announced()  # by their ids: the wrapper was first
    expected = orjson.loads(create_of(world, row)) | {"said": {"a": 1}}
    assert whole["object"] == expected
    assert bare["object"] == row.uri


@pytest.mark.parametrize("closed", [Audience.direct(), "followers", "root"])
def test_O10_what_not_everybody_reads_is_never_announced(world: World, closed: Any) -> None:
    mine = Audience.followers(world.cy)
    values: dict[str, Any] = {"audience": closed}
    if closed == "followers":
        values = {"audience": mine}
    if closed == "root":
        values = {"audience": Audience.public(), "root_kind": mine.kind, "root_owner_id": world.cy}
    row = world.came(world.cy, **values)
    pass_on(world.tx, world.actor, post_id=row.id, body=create_of(world, row))
    assert world.announced() == []
    open_one = world.came(world.dee)
    pass_on(world.tx, world.actor, post_id=open_one.id, body=create_of(world, open_one))
    assert sorted(world.kinds()) == ["", "Create"]


def test_what_is_taken_back_before_it_goes_goes_nowhere(world: World) -> None:
    post = world.said()
    delete_post(world.tx, node=OPEN, author_id=world.ana, post_id=post.id)
    assert "Create" not in world.kinds()


def test_the_end_is_announced_and_the_boost_undone(world: World) -> None:
    post = world.said()
    world.run()
    before = world.announced()
    delete_post(world.tx, node=OPEN, author_id=world.ana, post_id=post.id)
    ended = [one for one in world.announced() if one not in before]
    assert sorted(one["type"] for one in ended) == ["Announce", "Undo"]
    undo = next(one for one in ended if one["type"] == "Undo")
    assert undo["object"]["id"] in [one["id"] for one in before if one["object"] == post.uri]


def test_what_is_put_back_is_shown_by_a_new_announce(world: World) -> None:
    post = world.said()
    world.run()
    first = posts.share_of(world.tx, post.id, world.id)
    moderating.withdraw(world.tx, node=OPEN, post=world.row(post.id), by_id=0, reason="spam")
    moderating.restore(world.tx, node=OPEN, post=world.row(post.id), by_id=0)
    world.run()
    second = posts.share_of(world.tx, post.id, world.id)
    assert first is not None
    assert second is not None
    assert first.id != second.id
    shown = {one["id"]: one["object"] for one in world.announced() if one["type"] == "Announce"}
    assert shown[first.uri] == shown[second.uri] == post.uri


def test_a_post_to_named_people_in_a_thread_stays_with_them(world: World) -> None:
    post = world.said()
    before = len(world.announced())
    world.said("@ana only us", reply_to_id=post.id, visibility=Choice.DIRECT)
    assert len(world.announced()) == before
