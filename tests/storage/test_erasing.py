"""Of what was deleted nothing stays, also where there was no word."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import bindparam, func, insert, select

from domain.audience import Kind
from domain.filters import Action, Place
from domain.kinds import PostType
from domain.quotes import QuoteState
from storage.queries import bookmarks, erasing, filters, quotes
from storage.queries.quotes import QuoteRow
from storage.tables import polls as poll_tables
from storage.tables.bookmarks import bookmarks as bookmark_rows
from storage.tables.files import files
from storage.tables.filters import filter_posts
from storage.tables.posts import post_tags, post_versions
from storage.tables.quotes import quotes as quote_rows
from storage.tx import Tx
from tests.support.factories import add_person, add_post, add_remote, add_share

pytestmark = pytest.mark.both

_COUNTS = [
    select(func.count()).select_from(table)
    for table in (
        *(files, post_tags, post_versions, poll_tables.polls, quote_rows),
        *(bookmark_rows, filter_posts),
    )
]


_STATEMENTS: dict[Any, Any] = {
    table: insert(table).values({column.name: bindparam(column.name) for column in table.c})
    for table in (files, poll_tables.polls, post_tags, post_versions)
}


def _put(tx: Tx, table: Any, **values: Any) -> None:
    tx.run(_STATEMENTS[table], **values)


def _picture(tx: Tx, post: int, _reader: int) -> None:
    given: dict[str, Any] = {column.name: "" for column in files.c}
    for name in ("community_id", "fetched_at", "used_at", "tried_at", "scheduled_id"):
        given[name] = None
    for name in ("position", "size", "width", "height", "duration", "created_at"):
        given[name] = 0
    _put(tx, files, **given | {"id": 1, "actor_id": 2, "post_id": post, "on_demand": True})


def _poll(tx: Tx, post: int, _reader: int) -> None:
    none = {"ends_at": None, "closed_at": None, "voters": None}
    flags = {"multiple": False, "hides_totals": False}
    _put(tx, poll_tables.polls, post_id=post, told_at=0, **none, **flags)


def _tag(tx: Tx, post: int, _reader: int) -> None:
    _put(tx, post_tags, tag="lift", post_id=post, name="Lift", kind=Kind.NETWORK)


def _version(tx: Tx, post: int, _reader: int) -> None:
    words = {"content": "<p>before</p>", "summary": "", "title": ""}
    none = {"source": None, "raw": None, "options": None, "files": None}
    _put(tx, post_versions, post_id=post, made_at=1, sensitive=False, **words, **none)


def _quote(tx: Tx, post: int, reader: int) -> None:
    row = QuoteRow(
        id=post,
        uri="https://far.example/q",
        post_id=post,
        quoter_id=reader,
        quoted_uri="https://far.example/other",
        quoted_id=None,
        state=QuoteState.ACCEPTED,
        unasked=False,
        counted=False,
        request_uri=None,
        authorization_uri=None,
        created_at=0,
        checked_at=0,
    )
    assert quotes.put(tx, row)


def _bookmark(tx: Tx, post: int, reader: int) -> None:
    assert bookmarks.add(tx, reader, post)


def _filter(tx: Tx, post: int, reader: int) -> None:
    made = filters.add(
        tx, actor_id=reader, title="T", places=Place.HOME, action=Action.WARN, until=None
    )
    filters.add_post(tx, made.id, post)


Beside = Callable[[Tx, int, int], None]


@pytest.mark.parametrize("beside", [_picture, _poll, _tag, _version, _quote, _bookmark, _filter])
def test_what_stands_beside_a_post_without_words_goes_too(tx: Tx, beside: Beside) -> None:
    zoe, reader = add_remote(tx, "zoe"), add_person(tx, "ana")
    empty: dict[str, Any] = {"content": "", "source": None, "type": PostType.NOTE}
    gone = add_post(tx, zoe, origin_id=2, deleted_at=tx.now, **empty)
    bare = add_post(tx, zoe, origin_id=2, deleted_at=tx.now, **empty)
    share = add_share(tx, reader, gone)
    beside(tx, gone, reader)
    assert sum(tx.scalar(statement) or 0 for statement in _COUNTS) == 1
    assert erasing.due(tx, tx.now - 1, 10) == []
    assert erasing.due(tx, tx.now, 10) == [gone]
    assert {bare, share}.isdisjoint(erasing.due(tx, tx.now, 10))
    erasing.erase(tx, [gone])
    assert erasing.due(tx, tx.now, 10) == []
    assert sum(tx.scalar(statement) or 0 for statement in _COUNTS) == 0
