"""A community of Ana's and Bo's, how people ask to belong to it, and what they are told."""

from typing import Any

import orjson
from sqlalchemy import select

from domain.kinds import (
    AgreementKind,
    Deed,
    FollowState,
    MembershipState,
    Preset,
    SignatureScheme,
    Way,
)
from domain.roles import CommunityRole
from social import communities as use
from social import follows, memberships
from storage.queries import actors, communities, origins
from storage.queries import follows as stored_follows
from storage.queries.communities import MemberRow
from storage.tables.origins import agreements
from storage.tables.posts import mentions, posts
from storage.tables.traffic import activities
from storage.tx import Tx
from tests.social.people import KEYS
from tests.support.clubs import OPEN
from tests.support.factories import AGREED, add_node, add_person, add_remote, origin_of, put

URI = "https://far.example/follows/1"

_SENT = select(activities.c.body).order_by(activities.c.id)
_TOLD = select(posts.c.source).join(mentions, mentions.c.post_id == posts.c.id).order_by(posts.c.id)


def sent(tx: Tx, *types: str) -> list[dict[str, Any]]:
    """What left the node, without the helper's notes."""
    found = [orjson.loads(row[0]) for row in tx.all(_SENT)]
    return [one for one in found if one["type"] in (types or {one["type"]} - {"Create"})]


def told(tx: Tx, actor_id: int) -> list[str]:
    """What the helper wrote to somebody."""
    return [str(row[0]) for row in tx.all(_TOLD.where(mentions.c.actor_id == actor_id))]


class Story:
    """A node with Ana, who founds a community, and Bo, its second steward."""

    def __init__(self, tx: Tx, preset: Preset = Preset.PARTNERS, **more: Any) -> None:
        self.tx = tx
        self.helper = add_node(tx)
        self.ana, self.bo = add_person(tx, "ana"), add_person(tx, "bo")
        given: dict[str, Any] = {"purpose": "Lift without pain", "by_id": self.ana, "keys": KEYS}
        self.id = use.found(
            tx,
            node=OPEN,
            handle="safe-lifting",
            name="Safe lifting",
            preset=preset,
            **(given | more),
        )

    def launched(self) -> "Story":
        self.invite(self.bo, role=CommunityRole.STEWARD)
        assert self.follow(self.bo) is FollowState.ACCEPTED
        use.launch(self.tx, community_id=self.id, by_id=self.ana)
        return self

    def follow(self, actor_id: int) -> FollowState:
        return follows.follow(self.tx, node=OPEN, follower_id=actor_id, target_id=self.id)

    def asked(self, actor_id: int, way: Way = Way.NODE, uri: str = URI) -> str | None:
        actor = actors.by_id(self.tx, actor_id)
        assert actor is not None
        return memberships.asked(
            self.tx, node=OPEN, actor=actor, community_id=self.id, uri=uri, way=way
        )

    def invite(self, actor_id: int, by: int | None = None, **more: Any) -> None:
        by_id = self.ana if by is None else by
        memberships.invite(self.tx, **self.pair(actor_id), by_id=by_id, **more)

    def approve(self, actor_id: int, by: int | None = None, **more: Any) -> None:
        by_id = self.ana if by is None else by
        memberships.approve(self.tx, **self.pair(actor_id), by_id=by_id, **more)

    def pair(self, actor_id: int) -> dict[str, Any]:
        return {"node": OPEN, "community_id": self.id, "actor_id": actor_id}

    def member(self, actor_id: int) -> MemberRow | None:
        return communities.member(self.tx, self.id, actor_id)

    def state(self, actor_id: int) -> MembershipState | None:
        row = self.member(actor_id)
        return row.state if row is not None else None

    def deeds(self) -> list[Deed]:
        return [row.deed for row in communities.log_of(self.tx, self.id)]

    def cy(self, origin: str = "https://far.example", *, ours: bool = True) -> int:
        """Somebody on another of our nodes, or on a plain server."""
        found = add_remote(self.tx, "cy", origin)
        there = origin_of(self.tx, origin)
        if ours:
            origins.remember_scheme(self.tx, there, SignatureScheme.OURS)
        else:
            origins.remember_software(self.tx, there, "mastodon")
        return found

    def agree(self, origin: str = "https://far.example") -> None:
        put(
            self.tx,
            agreements,
            origin_id=origin_of(self.tx, origin),
            kind=AgreementKind.PARTNER,
            since=0,
            until=None,
            active=True,
            **AGREED,
        )


def is_following(tx: Tx, actor_id: int, community_id: int) -> bool | None:
    row = stored_follows.find(tx, actor_id, community_id)
    return None if row is None else row.is_accepted
