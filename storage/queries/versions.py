"""What posts said before, heard of late: a community's announcements come in any order."""

from typing import Final

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert

from storage.tables.posts import post_versions
from storage.tx import Tx

_ADD: Final = (
    insert(post_versions)
    .values(
        post_id=bindparam("post_id"),
        made_at=bindparam("made_at"),
        content=bindparam("content"),
        source=None,
        summary=bindparam("summary"),
        sensitive=bindparam("sensitive"),
        raw=None,
        title=bindparam("title"),
        options=bindparam("options"),
        files=None,
    )
    .on_conflict_do_nothing()
    .returning(post_versions.c.made_at)
)


def add_version(
    tx: Tx,
    post_id: int,
    *,
    made_at: int,
    content: str,
    summary: str,
    sensitive: bool,
    options: str | None = None,
    title: str = "",
) -> bool:
    """Keep what a post said at `made_at`, where a later edit came first; False if it is known.

    `options`: the answers of its poll as JSON.
    """
    row = tx.first(
        _ADD,
        post_id=post_id,
        made_at=made_at,
        content=content,
        summary=summary,
        sensitive=sensitive,
        options=options,
        title=title,
    )
    return row is not None
