"""A community that lives here, with members here, on a node of ours' kind and on a plain server."""

from dataclasses import replace
from typing import Any, Final

import orjson
from msgspec import convert
from sqlalchemy import bindparam, select

from activitypub.parse.posts import parse_note
from activitypub.vocabulary import JsonDict
from domain.audience import Audience
from domain.choices import Choice
from domain.kinds import FollowState, History, MembershipState, NotificationKind, Way
from domain.node import Federation
from outbox.communities import ANNOUNCE, Taken, announce
from outbox.publish import FAN_OUT
from social import gathering
from social.gathering import Given
from social.posts import Draft, create_post
from storage.queries import actors, posts
from storage.queries.activities import activity
from storage.tables.jobs import jobs
from storage.tables.timelines import home_entries, notifications
from storage.tables.traffic import activities, deliveries
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.support.factories import (
    NODE,
    add_community,
    add_follow,
    add_membership,
    add_node,
    add_person,
    add_post,
    add_remote,
    origin_of,
)

OPEN: Final = replace(NODE, federation=Federation.OPEN)
LAB: Final = "https://lab.example"
PLAIN: Final = "https://plain.example"
PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"

FANS = select(jobs.c.payload).where(jobs.c.kind == FAN_OUT).order_by(jobs.c.id)
OWN = select(activities.c.body, activities.c.community_id, activities.c.post_id).order_by(
    activities.c.id
)
_JOBS = select(jobs.c.payload).where(jobs.c.kind == ANNOUNCE).order_by(jobs.c.id)
_SENT = select(activities.c.id, activities.c.body).order_by(activities.c.id)
_TOLD = select(notifications.c.actor_id, notifications.c.kind, notifications.c.post_id)
_HOMES = select(home_entries.c.actor_id).where(home_entries.c.post_id == bindparam("post_id"))
_INBOXES = select(deliveries.c.inbox).where(deliveries.c.activity_id == bindparam("activity_id"))


class Club:
    """Ana belongs to the club and Bo does not; Cy and Kim belong on lab, Dee on a plain server.

    Lee left it, Zed of lab never asked.
    """

    def __init__(self, tx: Tx, history: History = History.ALL) -> None:
        self.tx = tx
        add_node(tx)
        self.ana, self.bo = add_person(tx, "ana"), add_person(tx, "bo")
        self.cy, self.kim = add_remote(tx, "cy", LAB), add_remote(tx, "kim", LAB)
        self.lee, self.zed = add_remote(tx, "lee", LAB), add_remote(tx, "zed", LAB)
        self.dee = add_remote(tx, "dee", PLAIN)
        self.lab = origin_of(tx, LAB)
        self.id = add_community(tx, "club", history=history)
        add_membership(tx, self.id, self.ana)
        for member in (self.cy, self.kim):
            add_membership(tx, self.id, member, way=Way.NODE)
        add_membership(tx, self.id, self.lee, way=Way.NODE, state=MembershipState.LEFT)
        add_membership(tx, self.id, self.dee, way=Way.PLAIN)
        for member in (self.ana, self.cy, self.kim, self.dee):
            add_follow(tx, member, self.id, state=FollowState.ACCEPTED)
        self.actor = self.view(self.id)
        self.uri, self.followers = self.actor.uri, str(self.actor.followers)
        self.number = 0

    def view(self, actor_id: int) -> ActorView:
        found = actors.by_id(self.tx, actor_id)
        assert found is not None
        return found

    def row(self, post_id: int) -> PostRow:
        found = posts.by_id(self.tx, post_id)
        assert found is not None
        return found

    def known(self, uri: str) -> PostRow | None:
        return posts.by_uri(self.tx, uri)

    def said(self, author: int, **values: Any) -> int:
        """A post in the community that stands here, with its wrapper left out."""
        return add_post(self.tx, author, Audience.community(self.id), place_id=self.id, **values)

    def write(self, author: int, text: str = "@club hello", **draft: Any) -> PostRow:
        """Somebody here writes."""
        given = {"visibility": Choice.PRIVATE, **draft}
        made = create_post(self.tx, node=OPEN, author_id=author, draft=Draft(text, **given))
        return self.row(made.post_id)

    def note(self, author: int, **changes: Any) -> JsonDict:
        """What a member elsewhere writes in the community."""
        self.number += 1
        uri = self.view(author).uri
        return {
            "id": f"{uri.partition('/a/')[0]}/o/{self.number}",
            "type": "Note",
            "attributedTo": uri,
            "to": [self.uri, self.followers],
            "cc": [],
            "audience": self.uri,
            "content": "<p>words</p>",
        } | changes

    def given(self, document: JsonDict, /, **changes: Any) -> Given:
        """How an activity came; proven and to the community alone unless said otherwise."""
        self.number += 1
        values: dict[str, Any] = {
            "uri": str(document["id"]),
            "to": (self.uri, self.followers),
            "cc": (),
            "audience": (self.uri,),
            "body": orjson.dumps(document),
            "proven": True,
            "received_at": self.tx.now,
        }
        return Given(**values | changes)

    def activity(self, kind: str, by: int, about: object) -> JsonDict:
        self.number += 1
        uri = self.view(by).uri
        return {
            "id": f"{uri.partition('/a/')[0]}/act/{self.number}",
            "type": kind,
            "actor": uri,
            "to": [self.uri, self.followers],
            "audience": self.uri,
            "object": about,
        }

    def create(self, author: int, note: JsonDict | None = None, **changes: Any) -> str | None:
        """A Create from elsewhere arrives; why it had no effect."""
        document = note or self.note(author)
        body = self.activity("Create", author, document)
        return gathering.take_create(
            self.tx,
            node=OPEN,
            community=self.actor,
            note=parse_note(document),
            signer=self.view(author),
            given=self.given(body, **changes),
        )

    def announced(self) -> list[tuple[JsonDict, set[str]]]:
        """Run the queued announce jobs, without proofs; each Announce with where it goes."""
        found = []
        for (payload,) in self.tx.all(_JOBS):
            taken = convert(orjson.loads(payload), Taken)
            stored = activity(self.tx, taken.activity)
            body = taken.body.encode() if taken.body else stored[2] if stored else b"{}"
            announce(self.tx, node=OPEN, taken=taken, inner=orjson.loads(body))
            kept = activity(self.tx, taken.announce)
            if kept is not None:
                inboxes = {row[0] for row in self.tx.all(_INBOXES, activity_id=taken.announce)}
                found.append((orjson.loads(kept[2]), inboxes))
        return found

    def sent(self, kind: str) -> list[JsonDict]:
        """Documents of ours of one type, the oldest first."""
        documents = [orjson.loads(body) for _, body in self.tx.all(_SENT)]
        return [one for one in documents if one["type"] == kind]

    def told(self, person: int) -> list[tuple[NotificationKind, int]]:
        return [(kind, post) for who, kind, post in self.tx.all(_TOLD) if who == person]

    def homes(self, post_id: int) -> set[int]:
        return {row[0] for row in self.tx.all(_HOMES, post_id=post_id)}


class Guild:
    """A community on lab to which Ana and Eve of this node belong."""

    def __init__(self, club: Club) -> None:
        self.club, self.tx = club, club.tx
        self.eve = add_person(self.tx, "eve")
        self.id = add_community(self.tx, "guild", origin_id=club.lab, base=LAB)
        self.actor = club.view(self.id)
        for one in (club.ana, self.eve):
            add_membership(self.tx, self.id, one)
            add_follow(self.tx, one, self.id)

    def write(self, text: str = "@guild@lab.example hello", **draft: Any) -> int:
        return self.club.write(self.club.ana, text, **draft).id

    def handed_in(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """What was published, with whom it is meant for."""
        found = []
        for (payload,) in self.tx.all(FANS):
            given = orjson.loads(payload)
            body = self.tx.all(OWN.where(activities.c.id == given["activity"]))[0][0]
            found.append((orjson.loads(body), given["reach"]))
        return found
