"""Lists that people bring along from another server, line by line."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns

from domain.kinds import ImportKind, LineState
from storage.columns import Enum8, Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Imports(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)  # who brought it
    kind: Named[ImportKind] = Column(Enum8(ImportKind))
    clears: Named[bool] = Column(Flag())  # what is not on the list has yet to go
    name: Named[str] = Column(Text)  # of the file, as it was sent
    total: Named[int] = Column(Number)  # lines
    created_at: Named[int] = Column(Time)
    finished_at: Named[int | None] = Column(Time)


imports = Table("imports", metadata, _Imports, sqlite_strict=True)
Index("ix_imports_actor_id", imports.c.actor_id, imports.c.id)


class _ImportLines(TypedColumns):
    import_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    number: Named[int] = Column(Number, primary_key=True, autoincrement=False)  # from 1 on
    said: Named[bytes] = Column(LargeBinary)  # JSON: the line as it was understood
    state: Named[LineState] = Column(Enum8(LineState))
    reason: Named[str] = Column(Text)  # why it failed, in words


import_lines = Table(
    "import_lines", metadata, _ImportLines, sqlite_strict=True, sqlite_with_rowid=False
)
Index("ix_import_lines_state", import_lines.c.import_id, import_lines.c.state)
