"""Silenced and suspended: what is hidden, what stays, who may decide it, and that it comes back."""

from collections.abc import Callable

import orjson
import pytest
from sqlalchemy import select

from activitypub.parse.actors import parse_actor
from domain.audience import ANONYMOUS, Audience
from domain.errors import Conflict, NotAllowed, NotFound
from domain.kinds import (
    AccountState,
    ActorType,
    FollowState,
    Limit,
    MembershipState,
    ModerationDeed,
    NotificationKind,
    Role,
)
from federation.discovery import Confirmed, store_actor
from social.limiting import limit
from social.notifications import notify
from social.search import search
from storage.database import Database
from storage.queries import accounts, actors, communities, follows, limits, tokens
from storage.queries import posts as rows
from storage.tables.traffic import activities
from storage.tx import Tx
from storage.views import people, posts, timelines
from storage.views.paging import Page
from tests.support.factories import (
    NODE,
    add_actor,
    add_community,
    add_follow,
    add_home_entry,
    add_membership,
    add_node,
    add_person,
    add_post,
    add_remote,
    add_share,
    member,
)
from tests.support.overlapping import overlapping

pytestmark = pytest.mark.both

PUBLIC = Audience.public()
_BODIES = select(activities.c.body).order_by(activities.c.id)


class Stage:
    """ana reads; bad writes here, mal writes elsewhere; mod and boss decide."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.helper = add_node(tx)
        self.ana, self.bad, self.cy = (add_person(tx, name) for name in ("ana", "bad", "cy"))
        self.mod = add_person(tx, "mod", role=Role.MODERATOR)
        self.boss = add_person(tx, "boss", role=Role.ADMIN)
        self.mal = add_remote(tx, "mal")
        self.words = {one: add_post(tx, one, PUBLIC) for one in (self.bad, self.mal)}

    def limit(self, who: int, to: Limit, by: int = 0) -> None:
        limit(self.tx, node=NODE, actor_id=who, to=to, by_id=by, reason="spam")

    def public(self, reader: int) -> set[int]:
        return {one.id for one in timelines.public(self.tx, member(reader), Page())}

    def sent(self, kind: str) -> list[dict[str, object]]:
        found = [orjson.loads(row[0]) for row in self.tx.all(_BODIES)]
        return [one for one in found if one["type"] == kind]


@pytest.fixture
def stage(tx: Tx) -> Stage:
    return Stage(tx)


@pytest.mark.parametrize("who", ["bad", "mal"])
def test_what_a_suspended_person_wrote_is_nowhere_and_comes_back(
    tx: Tx, stage: Stage, who: str
) -> None:
    actor = getattr(stage, who)
    post = stage.words[actor]
    share = add_share(tx, stage.cy, post)
    add_home_entry(tx, stage.ana, share, stage.cy)
    stage.limit(actor, Limit.SUSPENDED)
    assert post not in stage.public(stage.ana)
    assert timelines.home(tx, member(stage.ana), Page()) == []
    for viewer in (member(stage.ana), ANONYMOUS):
        with pytest.raises(NotFound):
            posts.visible(tx, post, viewer)
    with pytest.raises(NotFound):
        people.person(tx, member(stage.ana), actor)
    assert search(tx, member(stage.ana), who) == []
    stage.limit(actor, Limit.NONE)
    assert post in stage.public(stage.ana)
    assert [one.id for one in timelines.home(tx, member(stage.ana), Page())] == [share]
    assert people.person(tx, member(stage.ana), actor).id == actor


def test_a_suspended_person_here_is_out_at_once_and_back_with_the_same_role(
    tx: Tx, stage: Stage
) -> None:
    before = accounts.by_id(tx, stage.bad)
    assert before is not None
    stage.limit(stage.bad, Limit.SUSPENDED)
    row = accounts.by_id(tx, stage.bad)
    assert row is not None
    assert (row.state, row.epoch > before.epoch) == (AccountState.SUSPENDED, True)
    assert accounts.full_members(tx, [stage.bad]) == set()
    stage.limit(stage.bad, Limit.NONE)
    back = accounts.by_id(tx, stage.bad)
    assert back is not None
    assert (back.state, back.role) == (AccountState.ACTIVE, before.role)


def test_somebody_elsewhere_loses_follows_and_memberships(tx: Tx, stage: Stage) -> None:
    club = add_community(tx, "club")
    add_membership(tx, club, stage.mal)
    add_follow(tx, stage.mal, stage.ana)
    add_follow(tx, stage.ana, stage.mal)
    stage.limit(stage.mal, Limit.SUSPENDED)
    assert follows.find(tx, stage.mal, stage.ana) is None
    kept = follows.find(tx, stage.ana, stage.mal)
    assert kept is not None, "it is there again afterwards"
    assert kept.state is FollowState.ACCEPTED
    row = communities.member(tx, club, stage.mal)
    assert row is not None
    assert row.state is MembershipState.REMOVED
    assert len(stage.sent("Reject")) == 2


def test_of_who_is_silenced_followers_alone_hear(tx: Tx, stage: Stage) -> None:
    add_follow(tx, stage.ana, stage.mal)
    stage.limit(stage.mal, Limit.SILENCED)
    post = stage.words[stage.mal]
    assert post in stage.public(stage.ana)
    assert post not in stage.public(stage.cy)
    assert posts.visible(tx, post, member(stage.cy)).id == post, "by its address it is there"
    assert [one.id for one in search(tx, member(stage.ana), "ma")] == [stage.mal]
    assert search(tx, member(stage.cy), "ma") == []
    assert [one.id for one in search(tx, member(stage.cy), "mal")] == [stage.mal]
    told = {
        one: notify(tx, actor_id=one, kind=NotificationKind.FOLLOW, from_id=stage.mal)
        for one in (stage.ana, stage.cy)
    }
    assert told == {stage.ana: True, stage.cy: False}


def test_what_was_decided_is_written_down(tx: Tx, stage: Stage) -> None:
    stage.limit(stage.mal, Limit.SUSPENDED, by=stage.mod)
    stage.limit(stage.mal, Limit.SUSPENDED, by=stage.mod)
    stage.limit(stage.mal, Limit.NONE)
    rows = limits.log_about(tx, stage.mal)
    assert [(row.deed, row.by_id, row.reason) for row in rows] == [
        (ModerationDeed.SUSPENDED, stage.mod, "spam"),
        (ModerationDeed.FREED, 0, "spam"),
    ]


def test_Z01_only_moderators_decide_and_not_about_each_other(tx: Tx, stage: Stage) -> None:
    other = add_person(tx, "mod2", role=Role.MODERATOR)
    for by, who in ((stage.ana, stage.bad), (stage.mod, other), (stage.mod, stage.boss)):
        with pytest.raises(NotAllowed):
            stage.limit(who, Limit.SUSPENDED, by=by)
    assert all(
        (found := actors.by_id(tx, one)) is not None and found.limited is Limit.NONE
        for one in (stage.bad, other, stage.boss)
    )
    stage.limit(other, Limit.SUSPENDED, by=stage.boss)
    assert tokens.hold_account(tx, other) is None


def test_some_cannot_be_suspended(tx: Tx, stage: Stage) -> None:
    club = add_community(tx, "club")
    node = add_actor(tx, "elsewhere", type=ActorType.APPLICATION)
    for who in (club, node, stage.helper):
        with pytest.raises(NotAllowed):
            stage.limit(who, Limit.SUSPENDED)
    with pytest.raises(NotFound):
        stage.limit(123456, Limit.SUSPENDED)
    with pytest.raises(Conflict):
        stage.limit(stage.boss, Limit.SUSPENDED)


# What its own server decided, and what a moderator decides besides.


def _withdrawn(tx: Tx, actor: int) -> None:
    """Its own server suspends somebody, as `federation.discovery` writes it down."""
    limits.set_limit(tx, actor, Limit.WITHDRAWN)
    limits.withhold(tx, actor)


@pytest.mark.parametrize("to", [Limit.NONE, Limit.SILENCED])
def test_who_is_suspended_at_home_is_not_shown_by_a_moderator_here(
    tx: Tx, stage: Stage, to: Limit
) -> None:
    stage.limit(stage.mal, Limit.SILENCED if to is Limit.NONE else Limit.NONE)
    _withdrawn(tx, stage.mal)
    for _ in range(2):
        stage.limit(stage.mal, to, by=stage.mod)
    actor = actors.by_id(tx, stage.mal)
    assert actor is not None
    assert actor.limited is Limit.WITHDRAWN
    assert stage.words[stage.mal] not in stage.public(stage.ana)
    assert limits.decided(tx, stage.mal) is to, "so it is once its own server shows it again"
    assert len([row for row in limits.log_about(tx, stage.mal) if row.by_id == stage.mod]) == 1


def test_who_is_suspended_at_home_is_suspended_here_as_well(tx: Tx, stage: Stage) -> None:
    add_follow(tx, stage.mal, stage.ana)
    _withdrawn(tx, stage.mal)
    stage.limit(stage.mal, Limit.SUSPENDED)
    actor = actors.by_id(tx, stage.mal)
    assert actor is not None
    assert actor.limited is Limit.SUSPENDED
    assert follows.find(tx, stage.mal, stage.ana) is None
    assert stage.words[stage.mal] not in stage.public(stage.ana)


# Two who decide at once: the second began before the first was done.


def _stands(tx: Tx, actor_id: int, post_id: int) -> tuple[Limit, bool]:
    actor, row = actors.by_id(tx, actor_id), rows.by_id(tx, post_id)
    assert actor is not None
    assert row is not None
    return actor.limited, row.is_accepted


async def test_Z09_suspended_and_freed_at_once_is_free(database: Database) -> None:
    stage = await database.write(Stage)

    def to(limited: Limit) -> Callable[[Tx], None]:
        return lambda tx: limit(tx, node=NODE, actor_id=stage.mal, to=limited)

    await overlapping(database, to(Limit.SUSPENDED), to(Limit.NONE))
    words = stage.words[stage.mal]
    assert await database.read(_stands, stage.mal, words) == (Limit.NONE, True)


@pytest.mark.parametrize("first", ["its server", "a moderator"])
async def test_Z09_a_server_and_a_moderator_at_once(database: Database, first: str) -> None:
    """Its own server shows somebody again while a moderator suspends: suspended it is."""

    def begin(tx: Tx) -> tuple[int, int, Confirmed]:
        stage = Stage(tx)
        _withdrawn(tx, stage.mal)
        actor = actors.by_id(tx, stage.mal)
        assert actor is not None
        document = parse_actor(
            {
                "id": actor.uri,
                "type": "Person",
                "preferredUsername": "mal",
                "inbox": f"{actor.uri}/inbox",
                "outbox": f"{actor.uri}/outbox",
            }
        )
        return stage.mal, stage.words[stage.mal], Confirmed(document, actor.domain)

    mal, words, shown = await database.write(begin)

    def server(tx: Tx) -> None:
        store_actor(tx, shown)

    def moderator(tx: Tx) -> None:
        limit(tx, node=NODE, actor_id=mal, to=Limit.SUSPENDED)

    both = (server, moderator) if first == "its server" else (moderator, server)
    await overlapping(database, *both)
    assert await database.read(_stands, mal, words) == (Limit.SUSPENDED, False)
