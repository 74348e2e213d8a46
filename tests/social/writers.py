"""Nodes with people who write posts, and what came of what they wrote."""

import orjson
import pytest
from sqlalchemy import bindparam, select

from domain.kinds import NotificationKind, Role
from social.posts import Created, Draft, create_post
from storage.queries import posts
from storage.tables.timelines import home_entries, notifications
from storage.tables.traffic import activities
from storage.tx import Tx
from storage.views.posts import PostRow, PostView
from tests.support.factories import NODE, add_node, add_person, add_remote

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


@pytest.fixture
def people(tx: Tx) -> People:
    return People(tx)


def handles(view: PostView) -> tuple[list[str], list[str]]:
    return [a.handle for a in view.mentioned], [a.handle for a in view.silent]
