"""The two databases as SQLAlchemy dialects: used to compile statements, never to execute them."""

from typing import Any, Final

from sqlalchemy import Dialect, Integer
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg, PGDialect_psycopg
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["POSTGRESQL", "SQLITE", "dialect_of", "is_postgresql", "libpq_url"]

_SCHEMES: Final = ("postgresql://", "postgres://", "postgresql+psycopg://")


class _FixedNumbers(SQLCompiler):
    """Writes numbers that a statement fixes (`state = 0`, `LIMIT 20`) into its text.

    As parameters they would hide from the planner that a partial index fits.
    """

    def visit_bindparam(self, bindparam: Any, *args: Any, **kw: Any) -> Any:
        """Render a parameter mark, or the number itself."""
        fixed = bindparam.unique and isinstance(bindparam.value, int) and not bindparam.expanding
        if fixed and bindparam.type._type_affinity is Integer:  # noqa: SLF001 - through decorators
            kw["literal_binds"] = True
        visit: Any = super().visit_bindparam
        return visit(bindparam, *args, **kw)


class _SQLiteCompiler(_FixedNumbers, SQLiteCompiler):
    @property
    def _numeric_binds_identifier_char(self) -> str:
        """`?1`, `?2` …: a number that says which value is meant, whatever comes first in a text.

        SQLAlchemy's `:1` would be a name to SQLite, which counts names as it comes upon them.
        """
        return "?"

    @_numeric_binds_identifier_char.setter
    def _numeric_binds_identifier_char(self, _: str) -> None:
        """SQLAlchemy chooses one by the style alone."""


class _PostgreSQLCompiler(_FixedNumbers, PGCompiler_psycopg):
    pass


class _SQLite(SQLiteDialect_pysqlite):
    statement_compiler = _SQLiteCompiler
    supports_statement_cache = True


class _PostgreSQL(PGDialect_psycopg):
    statement_compiler = _PostgreSQLCompiler
    supports_statement_cache = True


def _make(dialect: Any, paramstyle: str) -> Dialect:
    made: Dialect = dialect(paramstyle=paramstyle)
    return made


# Each value is handed over once, however often a statement names it: a page of posts asks who
# reads it 190 times (7 µs).
SQLITE: Final = _make(_SQLite, "numeric")
# $1, $2 …: psycopg's RawCursor hands such text to the server unchanged.
POSTGRESQL: Final = _make(_PostgreSQL, "numeric_dollar")


def is_postgresql(url: str) -> bool:
    """Say whether `url` names a PostgreSQL database; anything else is the path of a file."""
    return url.startswith(_SCHEMES)


def libpq_url(url: str) -> str:
    """The URL as PostgreSQL's own client library reads it."""
    return "postgresql://" + url.partition("://")[2]


def dialect_of(url: str) -> Dialect:
    """The dialect in which statements for `url` are compiled."""
    return POSTGRESQL if is_postgresql(url) else SQLITE
