"""A community here with members here, on another node and on plain servers; and what was queued."""

import re
from typing import Any

import orjson
from sqlalchemy import Select, bindparam, select, update

from activitypub.parse.activities import Activity, parse_activity
from activitypub.parse.posts import parse_note
from domain.audience import Audience
from domain.kinds import MembershipState, Way
from domain.node import Federation
from domain.roles import CommunityRole
from outbox.relay import relay
from social import plain
from social.plain import Outcome
from storage.queries import actors, communities, posts, relay_notes
from storage.queries.communities import CommunityRow, MemberRow
from storage.queries.relay_notes import RelayNoteRow
from storage.tables.communities import relay_notes as notes_table
from storage.tables.jobs import jobs
from storage.tables.origins import origins
from storage.tables.posts import posts as posts_table
from storage.tables.traffic import activities, deliveries
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.support.factories import (
    NODE,
    add_community,
    add_membership,
    add_node,
    add_person,
    add_post,
    add_remote,
    add_reply,
)

PLAIN, OTHER, PARTNER = "https://plain.example", "https://other.example", "https://n3.example"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
OPEN_NODE = type(NODE)(
    origin=NODE.origin, handle_domain=NODE.handle_domain, federation=Federation.OPEN
)
Document = dict[str, Any]

_SENT = (
    select(
        activities.c.body,
        deliveries.c.inbox,
        deliveries.c.order_key,
        activities.c.actor_id,
        activities.c.post_id,
        activities.c.community_id,
        activities.c.recipient_id,
    )
    .join(activities, activities.c.id == deliveries.c.activity_id)
    .order_by(deliveries.c.id)
)
_NOTES: Select[*tuple[Any, ...]] = select(*notes_table.c).order_by(notes_table.c.id)
_SET_SOFTWARE = (
    update(origins).where(origins.c.id == bindparam("key")).values(software=bindparam("software"))
)
_ANNOUNCED = select(jobs.c.payload).where(jobs.c.kind == "announce").order_by(jobs.c.id)
_BY_HELPER = (
    select(posts_table.c.id)
    .where(posts_table.c.author_id == bindparam("author_id"))
    .order_by(posts_table.c.id)
)


class Sent:
    """One queued delivery."""

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.body: Document = orjson.loads(row[0])
        self.size = len(row[0])
        self.inbox, self.order_key = row[1], row[2]
        self.actor_id, self.post_id, self.community_id, self.recipient_id = row[3:]

    @property
    def kind(self) -> str:
        return str(self.body["type"])

    @property
    def note(self) -> Document:
        found: Document = self.body["object"]
        return found


class Gathered:
    """Ana (steward) and Bo here, Cy on a node, Dee and Eve on one plain server, Fay on another."""

    def __init__(self, tx: Tx, **settings: Any) -> None:
        self.tx, self.node = tx, OPEN_NODE
        self.helper = add_node(tx)
        self.ana, self.bo = add_person(tx, "ana"), add_person(tx, "bo")
        self.cy = add_remote(tx, "cy", PARTNER)
        self.dee, self.eve = add_remote(tx, "dee", PLAIN), add_remote(tx, "eve", PLAIN)
        self.fay = add_remote(tx, "fay", OTHER)
        self.stranger = add_remote(tx, "stan", PLAIN)
        self.community_id = add_community(tx, "lifting", name="Safe lifting")
        if settings:
            self.settings(**settings)
        add_membership(tx, self.community_id, self.ana, role=CommunityRole.STEWARD)
        add_membership(tx, self.community_id, self.bo)
        add_membership(tx, self.community_id, self.cy, way=Way.NODE)
        for one in (self.dee, self.eve, self.fay):
            add_membership(tx, self.community_id, one, way=Way.PLAIN)

    # What there is.

    @property
    def community(self) -> ActorView:
        return self.actor(self.community_id)

    def actor(self, actor_id: int) -> ActorView:
        found = actors.by_id(self.tx, actor_id)
        assert found is not None
        return found

    def row(self, post_id: int) -> PostRow:
        found = posts.by_id(self.tx, post_id)
        assert found is not None
        return found

    def settings(self, **changes: Any) -> None:
        now = communities.by_id(self.tx, self.community_id)
        assert now is not None
        given = {name: getattr(now, name) for name in CommunityRow.__struct_fields__}
        communities.update_community(self.tx, CommunityRow(**given | changes))

    def standing(self, actor_id: int, state: MembershipState) -> None:
        now = communities.member(self.tx, self.community_id, actor_id)
        assert now is not None
        given = {name: getattr(now, name) for name in MemberRow.__struct_fields__}
        communities.put_member(self.tx, MemberRow(**given | {"state": state}))

    def software(self, actor_id: int, name: str) -> None:
        self.tx.change(_SET_SOFTWARE, key=self.actor(actor_id).origin_id, software=name)

    def post(self, author: int = 0, content: str = "<p>words</p>", **values: Any) -> int:
        """A post in the community that starts a thread."""
        return add_post(
            self.tx,
            author or self.ana,
            Audience.community(self.community_id),
            place_id=self.community_id,
            content=content,
            **values,
        )

    def answer(self, author: int, parent: int, **values: Any) -> int:
        return add_reply(self.tx, author, parent, place_id=self.community_id, **values)

    # What is done.

    def relay(self, post_id: int, what: Any = "create") -> int:
        return relay(self.tx, node=self.node, community=self.community, post_id=post_id, what=what)

    def relayed(self, author: int = 0, content: str = "<p>words</p>", **values: Any) -> int:
        post_id = self.post(author, content, **values)
        self.relay(post_id)
        return post_id

    def sent(self, to: int | None = None) -> list[Sent]:
        """What was queued in the community's name, to one person's inbox or to everybody."""
        found = [Sent(row) for row in self.tx.all(_SENT)]
        mine = [one for one in found if one.actor_id == self.community_id]
        return [one for one in mine if to is None or one.inbox == self.actor(to).inbox]

    def told(self, person: int) -> list[str]:
        """What the helper wrote to somebody elsewhere."""
        ids = [row[0] for row in self.tx.all(_BY_HELPER, author_id=self.helper)]
        return [
            self.row(post_id).source or ""
            for post_id in ids
            if person in posts.named_in(self.tx, post_id)
        ]

    def notes(self) -> list[RelayNoteRow]:
        return [RelayNoteRow(*row) for row in self.tx.all(_NOTES)]

    def copy(self, post_id: int, actor_id: int) -> RelayNoteRow:
        found = relay_notes.live_copy(self.tx, post_id, actor_id, self.actor(actor_id).origin_id)
        assert found is not None
        return found

    def copy_uri(self, post_id: int, actor_id: int) -> str:
        return self.node.relay_note(self.copy(post_id, actor_id).token)

    # What comes back.

    def note_by(self, person: int, number: int = 1, **parts: Any) -> Document:
        author = self.actor(person)
        return {
            "id": f"{author.uri}/notes/{number}",
            "type": "Note",
            "attributedTo": author.uri,
            "content": "<p>@lifting we use straps</p>",
            "to": self.community.uri,
        } | parts

    def hears(
        self, person: int, document: Document, *, kind: str = "Create", **outer: Any
    ) -> Outcome | None:
        """A note by somebody arrives in an activity that says what the note says."""
        signer = self.actor(person)
        activity = self.activity(person, kind, document, **outer)
        receive = plain.receive_create if kind == "Create" else plain.receive_update
        return receive(
            self.tx,
            node=self.node,
            activity=activity,
            note=parse_note(document),
            signer=signer,
            received_at=self.tx.now,
        )

    def activity(self, person: int, kind: str, document: Document, **outer: Any) -> Activity:
        signer = self.actor(person)
        envelope = {
            "id": f"{document['id']}#{kind}",
            "type": kind,
            "actor": signer.uri,
            "object": document,
        }
        addressing = {name: document[name] for name in ("to", "cc") if name in document}
        return parse_activity(envelope | addressing | outer)

    def heard(self, person: int, document: Document) -> PostRow | None:
        """The post that became of a note, if any did."""
        words = relay_notes.words_by_uri(self.tx, document["id"])
        return None if words is None else self.row(words.post_id)


def passed_on(g: Gathered) -> int:
    """How many activities the community passed on to our nodes."""
    return len(g.tx.all(_ANNOUNCED))


def answer(g: Gathered, root: int, person: int, number: int = 1, **parts: Any) -> Document:
    """An answer by a member to their own copy of a post."""
    return g.note_by(person, number, inReplyTo=g.copy_uri(root, person), **parts)


def tag(g: Gathered) -> Document:
    return {"type": "Mention", "href": g.community.uri, "name": "@lifting@here.example"}


def wide(g: Gathered) -> dict[str, Document]:
    """The five visibilities of an answer, as servers address them (facts §2, row 3)."""
    here, mine = g.community.uri, f"{g.actor(g.dee).uri}/followers"
    return {
        "direct": {"to": here},
        "private": {"to": mine, "cc": here},
        "unlisted": {"to": mine, "cc": [PUBLIC, here]},
        "unlisted takahe": {"to": [], "cc": ["as:Public", here]},
        "public": {"to": [PUBLIC], "cc": [mine, here]},
    }


def as_stripped(html: str) -> str:
    """HTML as servers show it that keep paragraphs and line breaks only (facts §2, row 2)."""
    lines = re.sub(r"</?(?:p|br|ul|ol|li|pre|blockquote|h[1-6])>", "\n", html)
    return re.sub(r"<[^>]*>", "", lines)
