"""A small table of the tests' own, to try units of work on."""

from enum import IntEnum
from typing import Final

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    MetaData,
    Named,
    Table,
    TypedColumns,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from storage.columns import Bytes, Enum8, Flag, Id, Real, Text, any_of
from storage.connect import open_session
from storage.dialects import dialect_of, is_postgresql
from storage.tables.metadata import metadata as product
from storage.tx import Tx

metadata = MetaData(naming_convention=product.naming_convention)


class Colour(IntEnum):
    RED = 1
    BLUE = 2


class _Notes(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    text: Named[str] = Column(Text)
    body: Named[bytes | None] = Column(Bytes)
    loud: Named[bool] = Column(Flag)
    colour: Named[Colour] = Column(Enum8(Colour))
    weight: Named[float | None] = Column(Real)
    parent: Named[int | None] = Column(
        Id, ForeignKey("notes.id", deferrable=True, initially="DEFERRED")
    )


notes = Table("notes", metadata, _Notes, sqlite_strict=True)
Index("uq_notes_text", notes.c.text, unique=True)

INSERT: Final = insert(notes).values(
    id=bindparam("id"),
    text=bindparam("text"),
    body=None,
    loud=bindparam("loud"),
    colour=bindparam("colour"),
    weight=None,
    parent=bindparam("parent"),
)
INSERT_NEW: Final = INSERT.on_conflict_do_nothing(index_elements=[notes.c.text]).returning(
    notes.c.id
)
BY_ID: Final = select(notes.c.id, notes.c.text, notes.c.loud, notes.c.colour).where(
    notes.c.id == bindparam("id")
)
AMONG: Final = (
    select(notes.c.id, notes.c.text).where(any_of(notes.c.id, "ids")).order_by(notes.c.id)
)
COUNT: Final = select(func.count(notes.c.id))
ALL: Final = select(
    *(notes.c[name] for name in ("id", "text", "loud", "colour", "parent"))
).order_by(notes.c.id)
IDS: Final = select(notes.c.id).order_by(notes.c.id)
RENAME: Final = update(notes).where(notes.c.id == bindparam("which")).values(text=bindparam("text"))
CLEAR: Final = delete(notes)


def create(url: str) -> None:
    session = open_session(url, writable=True)
    dialect = dialect_of(url)
    try:
        made: list[ExecutableDDLElement] = [CreateTable(notes)]
        made.extend(CreateIndex(index) for index in notes.indexes)
        for statement in made:
            session.execute(str(statement.compile(dialect=dialect)), ())
    finally:
        session.close()


def drop(url: str) -> None:
    """On SQLite the file itself goes (and there, dropping would check every row's parent)."""
    if not is_postgresql(url):
        return
    session = open_session(url, writable=True)
    session.execute("DROP TABLE notes", ())
    session.close()


def add(tx: Tx, number: int, text: str | None = None, parent: int | None = None) -> int:
    """Store a note."""
    tx.insert(
        INSERT,
        id=number,
        text=f"note {number}" if text is None else text,
        loud=False,
        colour=Colour.RED,
        parent=parent,
    )
    return number


def ids(tx: Tx) -> list[int]:
    """The ids of all notes."""
    return [row[0] for row in tx.all(IDS)]


def count(tx: Tx) -> int:
    """How many notes there are."""
    return tx.scalar(COUNT) or 0
