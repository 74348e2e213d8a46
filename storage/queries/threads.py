"""What is known of the completeness of threads, and where their other posts could be had."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.ids import HERE
from storage.columns import Number
from storage.tables.posts import posts
from storage.tables.threads import threads
from storage.tx import Tx


class Asked(Struct, frozen=True, gc=False):
    """One row of `threads`, in the order of its columns. Times are ms UTC."""

    root_id: int
    asked_at: int
    ended_at: int | None
    missing: bool
    found: int

    @property
    def is_running(self) -> bool:
        """Whether the asking has not ended."""
        return self.ended_at is None


class Source(Struct, frozen=True, gc=False):
    """A post of another server in a thread, and the collections that it names."""

    id: int
    uri: str
    context_uri: str | None
    replies_uri: str | None


_OF: Select[*tuple[Any, ...]] = select(*threads.c).where(threads.c.root_id == bindparam("root_id"))
_BEGIN: Final = (
    insert(threads)
    .values(
        root_id=bindparam("root_id"),
        asked_at=bindparam("now"),
        ended_at=None,
        missing=bindparam("missing", type_=threads.c.missing.type),
        found=0,
    )
    .on_conflict_do_update(
        index_elements=[threads.c.root_id],
        set_={"asked_at": bindparam("now"), "ended_at": None, "found": 0},
        where=threads.c.asked_at < bindparam("before"),
    )
    .returning(threads.c.root_id)
)
_END: Final = (
    update(threads)
    .where(threads.c.root_id == bindparam("key"))
    .values(ended_at=bindparam("now"), missing=bindparam("missing"), found=bindparam("found"))
)
_SET_CONTEXT: Final = (
    update(posts).where(posts.c.id == bindparam("key")).values(context_uri=bindparam("uri"))
)
_FORGET: Final = delete(threads).where(threads.c.asked_at < bindparam("before"))
_SOURCES: Final = (
    select(posts.c.id, posts.c.uri, posts.c.context_uri, posts.c.replies_uri)
    .where(
        posts.c.root_id == bindparam("root_id"),
        posts.c.origin_id != HERE,
        posts.c.share_of_id.is_(None),
        posts.c.deleted_at.is_(None),
        or_(posts.c.replies_uri.is_not(None), posts.c.context_uri.is_not(None)),
    )
    .order_by(posts.c.id)
    .limit(bindparam("limit", type_=Number))
)


def set_context(tx: Tx, post_id: int, uri: str) -> None:
    """Keep what a community calls the thread of a post of ours."""
    tx.change(_SET_CONTEXT, key=post_id, uri=uri)


def asked(tx: Tx, root_id: int) -> Asked | None:
    """When the thread's missing answers were asked for, if ever."""
    row = tx.first(_OF, root_id=root_id)
    return None if row is None else Asked(*row)


def begin(tx: Tx, root_id: int, *, again_ms: int) -> bool:
    """Write down that they are asked for; False if that was so less than `again_ms` ago."""
    before = tx.now - again_ms
    return tx.first(_BEGIN, root_id=root_id, missing=False, before=before, now=tx.now) is not None


def end(tx: Tx, root_id: int, *, missing: bool, found: int) -> None:
    """Write down what came of it."""
    tx.change(_END, key=root_id, missing=missing, found=found, now=tx.now)


def forget(tx: Tx, before: int) -> None:
    """Forget about threads that nobody asked for since then."""
    tx.change(_FORGET, before=before)


def sources(tx: Tx, root_id: int, most: int) -> list[Source]:
    """The oldest posts of other servers in a thread that name a collection."""
    return [Source(*row) for row in tx.all(_SOURCES, root_id=root_id, limit=most)]
