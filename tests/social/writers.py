"""Nodes with people who write posts, and what came of what they wrote."""

from typing import Any

import orjson
import pytest
from sqlalchemy import bindparam, select

from activitypub.parse.posts import parse_note
from domain.audience import Viewer
from domain.errors import NotFound
from domain.kinds import NotificationKind, Role
from social.posts import Created, Draft, create_post, store_remote_post
from storage.queries import posts
from storage.queries.actors import by_id as actor_by_id
from storage.tables.timelines import home_entries, notifications
from storage.tables.traffic import activities
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, PostView, visible
from tests.support.factories import NODE, add_follow, add_node, add_person, add_remote, origin_of
from tests.support.stranger import PUBLIC

FAR = "https://far.example"
HOMES = select(home_entries.c.actor_id).where(home_entries.c.post_id == bindparam("post_id"))

_TOLD = select(notifications.c.actor_id, notifications.c.kind, notifications.c.post_id)
_SENT = select(activities.c.body).order_by(activities.c.id)


class Written:
    """What came of posts on a node: their rows, and who is told."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx

    def row(self, post_id: int) -> PostRow:
        found = posts.by_id(self.tx, post_id)
        assert found is not None
        return found

    def told(self, person: int) -> list[tuple[NotificationKind, int]]:
        return [(kind, post) for who, kind, post in self.tx.all(_TOLD) if who == person]


class People(Written):
    """A small node: ana, bo and cy work here, gina is a guest, zoe lives elsewhere."""

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx)
        self.helper = add_node(tx)
        self.ana, self.bo, self.cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
        self.gina = add_person(tx, "gina", role=Role.GUEST)
        self.zoe = add_remote(tx, "zoe")

    def write(self, author: int, text: str, *options: object, **draft: object) -> Created:
        made = Draft(text, **draft)  # type: ignore[arg-type]
        return create_post(self.tx, node=NODE, author_id=author, draft=made)

    def sent(self) -> list[dict[str, object]]:
        return [orjson.loads(body) for (body,) in self.tx.all(_SENT)]


class Far(Written):
    """Zoe and Yan on another server, Ana and Bo here; Ana follows Zoe."""

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx)
        add_node(tx)
        self.ana, self.bo = add_person(tx, "ana"), add_person(tx, "bo")
        self.gina = add_person(tx, "gina", role=Role.GUEST)
        self.zoe, self.yan = add_remote(tx, "zoe"), add_remote(tx, "yan")
        add_follow(tx, self.ana, self.zoe)
        self.origin = origin_of(tx, FAR)
        self.number = 0

    def actor(self, identifier: int) -> ActorView:
        found = actor_by_id(self.tx, identifier)
        assert found is not None
        return found

    def note(self, author: int, **changes: Any) -> dict[str, Any]:
        self.number += 1
        return {
            "id": f"{FAR}/notes/{self.number}",
            "type": "Note",
            "attributedTo": self.actor(author).uri,
            "to": [PUBLIC],
            "cc": [self.actor(author).followers],
            "content": "<p>words</p>",
        } | changes

    def take(
        self, author: int, document: dict[str, Any] | None = None, **changes: Any
    ) -> int | None:
        wanted = changes.pop("wanted", False)
        made = document or self.note(author, **changes)
        return store_remote_post(
            self.tx, node=NODE, note=parse_note(made), signer=self.actor(author), wanted=wanted
        )

    def taken(self, author: int, **changes: Any) -> int:
        found = self.take(author, **changes)
        assert found is not None
        return found

    def named(self, *people: int) -> dict[str, Any]:
        uris = [self.actor(each).uri for each in people]
        return {"to": uris, "cc": [], "tag": [{"type": "Mention", "href": uri} for uri in uris]}

    def sees(self, viewer: Viewer, post_id: int) -> bool:
        try:
            visible(self.tx, post_id, viewer)
        except NotFound:
            return False
        return True


@pytest.fixture
def people(tx: Tx) -> People:
    return People(tx)


@pytest.fixture
def far(tx: Tx) -> Far:
    return Far(tx)


def handles(view: PostView) -> tuple[list[str], list[str]]:
    return [a.handle for a in view.mentioned], [a.handle for a in view.silent]
