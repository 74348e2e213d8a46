"""A group of another server has power over what stands in it, and over nothing else."""

from typing import Any

import pytest

from domain.kinds import Acceptance
from storage.queries import closed, posts
from storage.tx import Tx
from tests.support.squares import Square

pytestmark = pytest.mark.both


@pytest.fixture
def square(tx: Tx) -> Square:
    return Square(tx)


def _named(square: Square) -> dict[str, Any]:
    return {"cc": [square.view(square.books).uri]}


def _is_shown(square: Square, post_id: int) -> bool:
    return posts.share_of(square.tx, post_id, square.books) is not None


# Taking out.


def test_O04_a_group_hides_nothing_that_it_only_shows(square: Square) -> None:
    row = square.comes(square.note("elsewhere"))
    assert row is not None
    assert square.shows(row.uri) is None
    assert _is_shown(square, row.id)
    assert square.moderates("Delete", row.uri) is None
    assert square.row(row.id).is_accepted  # everybody else reads it as before
    assert not _is_shown(square, row.id)
    assert square.moderates("Delete", row.uri) == "it is not there any more"
    assert square.shows(row.uri) == "it is here already"
    assert square.moderates("Delete", row.uri, undo=True) is None
    assert _is_shown(square, row.id)
    assert square.moderates("Delete", row.uri, undo=True) == "it was not taken out"


def test_a_group_takes_out_what_was_written_in_it(square: Square) -> None:
    note = square.note("inside", **_named(square))
    assert square.shows(note.id, note) is None
    row = square.called(note.id)
    assert row is not None
    assert row.place_id == square.books
    assert square.moderates("Delete", row.uri) is None
    assert square.row(row.id).acceptance is Acceptance.REFUSED
    assert not _is_shown(square, row.id)
    assert square.moderates("Delete", row.uri, undo=True) is None
    assert square.row(row.id).is_accepted
    assert _is_shown(square, row.id)


def test_O04_what_a_group_took_out_before_it_came_is_hidden_only_if_it_stands_there(
    square: Square,
) -> None:
    inside, beside = square.note("inside", **_named(square)), square.note("elsewhere")
    for note in (inside, beside):
        assert square.moderates("Delete", note.id) is None
        assert square.shows(note.id, note) is not None
    row = square.called(inside.id)
    assert row is not None
    assert row.acceptance is Acceptance.REFUSED
    came = square.comes(beside)  # by itself, as Ana follows its author
    assert came is not None
    assert (came.is_accepted, came.place_id, _is_shown(square, came.id)) == (True, None, False)


# Where a post stands.


def test_what_names_no_group_stands_in_none_whoever_shows_it(square: Square) -> None:
    note = square.note("elsewhere")
    assert square.shows(note.id, note) is None
    row = square.called(note.id)
    assert row is not None
    assert (row.place_id, _is_shown(square, row.id)) == (None, True)


def test_an_answer_stands_where_its_thread_does(square: Square) -> None:
    page = square.note("inside", **_named(square))
    assert square.shows(page.id, page) is None
    answer = square.note("answer", inReplyTo=page.id)
    assert square.shows(answer.id, answer) is None
    row = square.called(answer.id)
    assert row is not None
    assert row.place_id == square.books


@pytest.mark.parametrize("names", [False, True], ids=["unnamed", "named"])
def test_O04_a_group_takes_no_answers_out_of_our_threads(square: Square, names: bool) -> None:
    root = square.row(square.thread())
    answer = square.note("answer", inReplyTo=root.uri, **(_named(square) if names else {}))
    assert square.shows(answer.id, answer) == "it stands in another place"
    row = square.called(answer.id)
    assert row is not None
    assert (row.place_id, row.root_id) == (square.square, root.id)
    assert not _is_shown(square, row.id)
    assert square.moderates("Delete", answer.id) is None  # heard, and without effect
    assert square.row(row.id).is_accepted


# Closing.


def test_O04_a_group_closes_no_thread_that_began_elsewhere(square: Square) -> None:
    root = square.comes(square.note("elsewhere"))
    assert root is not None
    answer = square.note("answer", inReplyTo=root.uri, **_named(square))
    assert square.shows(answer.id, answer) is None
    row = square.called(answer.id)
    assert row is not None
    assert (row.place_id, row.root_id) == (square.books, root.id)
    assert square.moderates("Lock", answer.id) == "no post of that group"
    assert not closed.is_closed(square.tx, root.id)
    closed.close(square.tx, root.id, community_id=square.square, by_id=square.ana)
    assert square.moderates("Lock", answer.id, undo=True) == "no post of that group"
    assert closed.is_closed(square.tx, root.id)


def test_O04_a_group_closes_no_thread_of_ours(square: Square) -> None:
    root = square.row(square.thread())
    answer = square.note("answer", inReplyTo=root.uri)
    square.shows(answer.id, answer)
    assert square.moderates("Lock", answer.id) == "no post of that group"
    assert not closed.is_closed(square.tx, root.id)


def test_a_group_closes_its_own_threads(square: Square) -> None:
    page = square.note("inside", **_named(square))
    assert square.shows(page.id, page) is None
    answer = square.note("answer", inReplyTo=page.id)
    assert square.shows(answer.id, answer) is None
    root = square.called(page.id)
    assert root is not None
    assert square.moderates("Lock", answer.id) is None
    assert closed.is_closed(square.tx, root.id)
    assert square.moderates("Lock", answer.id, undo=True) is None
    assert not closed.is_closed(square.tx, root.id)
