"""A node with few people, and the posts that come to it: whether each is plain."""

from typing import Any

import pytest

from activitypub.parse.posts import NoteDocument, parse_note
from social.arrivals import Arrival, plain_among
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.factories import NODE, add_follow, add_node, add_person, add_remote
from tests.support.stranger import PUBLIC


class Few:
    """Zoe elsewhere, whom Ana here follows, and Yan beside her, whom nobody does."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        add_node(tx)
        self.ana, self.bo = add_person(tx, "ana"), add_person(tx, "bo")
        self.zoe, self.yan = (self.view(add_remote(tx, name)) for name in ("zoe", "yan"))
        add_follow(tx, self.ana, self.zoe.id)
        self.number = 0

    def view(self, actor_id: int) -> ActorView:
        found = actors.by_id(self.tx, actor_id)
        assert found is not None
        return found

    def note(self, by: ActorView | None = None, **said: Any) -> NoteDocument:
        author = by or self.zoe
        self.number += 1
        document = {
            "id": f"https://{author.domain}/o/{self.number}",
            "type": "Note",
            "attributedTo": author.uri,
            "content": "<p>words</p>",
            "to": [PUBLIC],
        }
        return parse_note(document | said)

    def are_plain(self, *arrivals: tuple[NoteDocument, ActorView]) -> list[bool]:
        coming = [Arrival(note, signer, self.tx.now) for note, signer in arrivals]
        return [each is not None for each in plain_among(self.tx, NODE, coming)]

    def is_plain(self, by: ActorView | None = None, /, **said: Any) -> bool:
        author = by or self.zoe
        (answer,) = self.are_plain((self.note(author, **said), author))
        return answer


@pytest.fixture
def few(tx: Tx) -> Few:
    return Few(tx)
