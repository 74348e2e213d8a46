"""Lists that are given up, and how old ones are forgotten, on both databases."""

import pytest
from sqlalchemy import bindparam, func, select, update

from domain.errors import Conflict
from domain.kinds import ImportKind
from social import imports, tidying
from social.timelines import DAY_MS
from storage.database import Database
from storage.queries import imports as stored
from storage.tables.imports import import_lines
from storage.tables.imports import imports as table
from storage.tx import Tx
from tests.support.factories import add_node, add_person

pytestmark = pytest.mark.both

_MADE = update(table).where(table.c.id == bindparam("key")).values(created_at=bindparam("at"))
_LINES = select(func.count()).select_from(import_lines)
_LISTS = select(table.c.id)


def begin(tx: Tx, who: int, lines: int = 1) -> int:
    said = [(number, {"account": "nobody"}) for number in range(1, lines + 1)]
    kind = ImportKind.BLOCKS
    return imports.begin(tx, actor_id=who, kind=kind, overwrite=False, name="x", lines=said)


@pytest.mark.parametrize(("days", "refused"), [(imports.KEPT_DAYS - 1, True), (8, False)])
def test_lists_that_never_end_do_not_shut_out_new_ones_for_ever(
    tx: Tx, days: int, refused: bool
) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    for _ in range(imports.MOST_OPEN):
        tx.change(_MADE, key=begin(tx, ana), at=tx.now - days * DAY_MS)
    if refused:
        with pytest.raises(Conflict):
            begin(tx, ana)
    else:
        begin(tx, ana)


async def test_old_lists_are_forgotten_by_and_by_whether_or_not_they_ended(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "_LINES_AT_ONCE", 4)

    def fill(tx: Tx) -> tuple[int, int]:
        add_node(tx)
        ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
        ended, given_up, _ = begin(tx, ana, 9), begin(tx, ana, 8), begin(tx, bo, 2)
        stored.finish(tx, ended)
        for one in (ended, given_up):
            tx.change(_MADE, key=one, at=tx.now - 30 * DAY_MS)
        return tx.now, ended

    now, ended = await database.write(fill)
    assert await database.write(stored.drop_some, ended, 4)
    assert await database.read(lambda tx: tx.scalar(_LINES)) == 9 + 8 + 2 - 4
    await tidying._forget_imports(database, now=now)
    assert ended in [row[0] for row in await database.read(lambda tx: tx.all(_LISTS))]
    await tidying._forget_imports(database, now=now + (imports.KEPT_DAYS - 1) * DAY_MS)
    assert len(await database.read(lambda tx: tx.all(_LISTS))) == 2
    await tidying._forget_imports(database, now=now + imports.KEPT_DAYS * DAY_MS)
    assert await database.read(lambda tx: tx.all(_LISTS)) == []
    assert await database.read(lambda tx: tx.scalar(_LINES)) == 0
