"""Whom posts name, and whom they address without naming."""

import pytest

from storage.queries import posts
from storage.tx import Tx
from tests.support.factories import add_person, add_post

pytestmark = pytest.mark.both


def test_who_is_named_and_addressed_is_named(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    first, second = add_post(tx, ana), add_post(tx, ana)
    posts.add_all_mentions(tx, [(first, [bo], [bo, cy]), (second, [], [bo])])
    assert posts.named_in(tx, first) == {bo: False, cy: True}
    assert posts.named_in(tx, second) == {bo: True}
    posts.add_mentions(tx, second, [bo, cy])
    assert posts.named_in(tx, second) == {bo: True, cy: False}, "what is stored stays"
