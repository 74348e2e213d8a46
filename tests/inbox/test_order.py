"""What is processed one after the other, and what side by side."""

from typing import Any

import pytest

from activitypub.parse.activities import parse_activity
from inbox.intake import order_key
from storage.queries.actors import by_id
from storage.tx import Tx
from tests.support.factories import add_remote

FAR = "https://far.example"
PLACE = "https://hq.example/a/1"


def key(tx: Tx, actor_id: int, **said: Any) -> str:
    actor = by_id(tx, actor_id)
    assert actor is not None
    whole = {"id": f"{FAR}/act/1", "type": "Like", "actor": actor.uri, "object": f"{FAR}/o/1"}
    return order_key(actor, parse_activity(whole | said))


@pytest.mark.both
def test_one_actor_is_heard_in_order_about_one_object_or_in_one_place(tx: Tx) -> None:
    zoe, yan = add_remote(tx, "zoe", FAR), add_remote(tx, "yan", FAR)
    assert key(tx, zoe) == key(tx, zoe, id=f"{FAR}/act/2", type="Undo")
    assert key(tx, zoe) != key(tx, zoe, object=f"{FAR}/o/2")
    assert key(tx, zoe) != key(tx, yan)
    placed = {"audience": PLACE}
    assert key(tx, zoe, **placed) == key(tx, zoe, object=f"{FAR}/o/2", **placed)
    assert key(tx, zoe, **placed) != key(tx, yan, **placed)
    assert key(tx, zoe, **placed) != key(tx, zoe, audience="https://hq.example/a/2")
