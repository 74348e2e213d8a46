"""One file per noun: SQLAlchemy Core tables with typed columns."""

from storage.tables import (
    accounts,
    actors,
    communities,
    files,
    jobs,
    origins,
    posts,
    relations,
    timelines,
    traffic,
)
from storage.tables.metadata import metadata

__all__ = [
    "accounts",
    "actors",
    "communities",
    "files",
    "jobs",
    "metadata",
    "origins",
    "posts",
    "relations",
    "timelines",
    "traffic",
]
