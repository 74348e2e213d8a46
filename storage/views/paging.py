"""Pages of lists, by key and never by offset, with Mastodon's three marks (mastodon-api.md §3)."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, bindparam

from domain.ids import LARGEST
from storage.columns import Id, Number
from storage.tx import Tx

BELOW: Final = bindparam("below", type_=Id)
ABOVE: Final = bindparam("above", type_=Id)
MOST_ROWS: Final = bindparam("limit", type_=Number)
"""The parameters of every page, for statements that look for its rows themselves."""


class Page(Struct, frozen=True, gc=False):
    """Which part of a list. All marks are exclusive; answers are always newest first.

    `max_id`: what is older. `since_id`: the newest of what is newer. `min_id`: the oldest of what
    is newer, so that nothing is left out between two pages; it outweighs `since_id`.
    """

    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None
    limit: int = 20

    def clamped(self, most: int) -> "Page":
        """The same page with no more than `most` and no less than one entry."""
        return Page(self.max_id, self.since_id, self.min_id, max(1, min(self.limit, most)))


class Paged:
    """A statement and the key it is paged by, as two statements: newest first and oldest first."""

    def __init__(self, statement: Select[*tuple[Any, ...]], key: ColumnElement[int]) -> None:
        bounded = statement.where(key < BELOW, key > ABOVE).limit(MOST_ROWS)
        self.newest: Final = bounded.order_by(key.desc())
        self.oldest: Final = bounded.order_by(key)

    def rows(self, tx: Tx, page: Page, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The page's rows, newest first."""
        below = LARGEST if page.max_id is None else _bounded(page.max_id)
        if page.min_id is not None:
            above = _bounded(page.min_id)
            rows = tx.all(self.oldest, **params, below=below, above=above, limit=page.limit)
            return rows[::-1]
        above = 0 if page.since_id is None else _bounded(page.since_id)
        return tx.all(self.newest, **params, below=below, above=above, limit=page.limit)


def _bounded(mark: int) -> int:
    """A mark as the database takes it: clients send any number."""
    return max(0, min(mark, LARGEST))
