"""Posts as rows: stored, changed, deleted; their figures are in `storage/queries/figures.py`.

Nothing here asks who is looking. Only use cases and the outbox come here, for posts that they are
about to change or whose readers they are about to work out; whoever shows posts goes through
`storage/views/posts.py`.
"""

from collections.abc import Collection, Iterable
from typing import Final

from msgspec.structs import asdict, astuple
from sqlalchemy import (
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from domain.audience import PostFacts
from domain.choices import root_of
from domain.kinds import Acceptance
from storage.columns import any_of
from storage.queries import words
from storage.tables.posts import mentions, post_tags, post_versions, posts, tombstones
from storage.tx import Tx
from storage.views.posts import COLUMNS, PostRow, Tag

_VIEW = select(*COLUMNS)
_BY_ID: Final = _VIEW.where(posts.c.id == bindparam("id"))
_BY_URI: Final = _VIEW.where(posts.c.uri == bindparam("uri"))
_SHARE: Final = _VIEW.where(
    posts.c.share_of_id == bindparam("post_id"),
    posts.c.author_id == bindparam("author_id"),
    posts.c.deleted_at.is_(None),
)
_SHARES: Final = _VIEW.where(
    posts.c.share_of_id == bindparam("post_id"), posts.c.deleted_at.is_(None)
).order_by(posts.c.id)
_WAITING: Final = _VIEW.where(
    posts.c.reply_to_uri == bindparam("uri"), posts.c.reply_to_uri.is_not(None)
).order_by(posts.c.id)
_THREAD: Final = _VIEW.where(posts.c.root_id == bindparam("root_id")).order_by(posts.c.id)


def by_id(tx: Tx, post_id: int) -> PostRow | None:
    """A post's row, deleted or not."""
    row = tx.first(_BY_ID, id=post_id)
    return None if row is None else PostRow(*row)


def by_uri(tx: Tx, uri: str) -> PostRow | None:
    """A post's row by its ActivityPub id, deleted or not; for what other servers name."""
    row = tx.first(_BY_URI, uri=uri)
    return None if row is None else PostRow(*row)


def share_of(tx: Tx, post_id: int, author_id: int) -> PostRow | None:
    """The share of a post by one actor, if there is one."""
    row = tx.first(_SHARE, post_id=post_id, author_id=author_id)
    return None if row is None else PostRow(*row)


def shares(tx: Tx, post_id: int) -> list[PostRow]:
    """Every share of a post."""
    return [PostRow(*row) for row in tx.all(_SHARES, post_id=post_id)]


def waiting_for(tx: Tx, uri: str) -> list[PostRow]:
    """Answers that came before the post that they answer."""
    return [PostRow(*row) for row in tx.all(_WAITING, uri=uri)]


def in_thread(tx: Tx, root_id: int) -> list[PostRow]:
    """Every row of a thread, the root's too."""
    return [PostRow(*row) for row in tx.all(_THREAD, root_id=root_id)]


_INSERT_NEW: Final = insert(posts).values(
    {column.name: bindparam(column.name) for column in COLUMNS}
)
_INSERT: Final = _INSERT_NEW.on_conflict_do_nothing().returning(posts.c.id)


def insert_post(tx: Tx, row: PostRow) -> bool:
    """Store a post; False if its id or address is there already, or the same share."""
    stored = tx.first(_INSERT, **asdict(row)) is not None
    if stored and row.share_of_id is None:
        words.wait(tx, [row.id])
    return stored


def insert_posts(tx: Tx, rows: Collection[PostRow]) -> None:
    """Store posts of which nothing is here yet, no shares. Raises ConstraintBroken if one is."""
    tx.many_lines(_INSERT_NEW, PostRow.__struct_fields__, map(astuple, rows))
    words.wait(tx, [row.id for row in rows])


_TAKEN: Final = select(posts.c.id).where(any_of(posts.c.id, "ids"))


def taken(tx: Tx, post_ids: Collection[int]) -> set[int]:
    """Those of these ids that posts have already."""
    return {row[0] for row in tx.all(_TAKEN, ids=list(post_ids))}


_MENTION: Final = ("post_id", "actor_id", "silent")
_ADD_MENTION: Final = (
    insert(mentions).values({name: bindparam(name) for name in _MENTION}).on_conflict_do_nothing()
)
_NAMED: Final = select(mentions.c.actor_id, mentions.c.silent).where(
    mentions.c.post_id == bindparam("post_id")
)
_HIDE_MENTIONS: Final = (
    update(mentions).where(mentions.c.post_id == bindparam("key")).values(silent=True)
)
_SPEAK_MENTIONS: Final = (
    update(mentions)
    .where(mentions.c.post_id == bindparam("key"), any_of(mentions.c.actor_id, "ids"))
    .values(silent=False)
)


def add_mentions(tx: Tx, post_id: int, named: Iterable[int], silent: Iterable[int] = ()) -> None:
    """Store whom a post names, and whom it addresses without naming."""
    add_all_mentions(tx, [(post_id, named, silent)])


def add_all_mentions(tx: Tx, named: Iterable[tuple[int, Iterable[int], Iterable[int]]]) -> None:
    """The same for many: each a post's id, whom it names, whom it addresses without naming."""
    rows: list[tuple[int, int, bool]] = []
    for post_id, spoken, silent in named:
        rows += [(post_id, actor, False) for actor in spoken]
        rows += [(post_id, actor, True) for actor in silent]
    # Who is both is named: that line comes first, and is there when the other comes.
    tx.many_lines(_ADD_MENTION, _MENTION, sorted(rows))


def named_in(tx: Tx, post_id: int) -> dict[int, bool]:
    """Whom a post names, and whether silently."""
    return dict(tx.all(_NAMED, post_id=post_id))


def respeak(tx: Tx, post_id: int, named: Collection[int]) -> None:
    """After an edit: who of those once named is still named in the text. Nobody is forgotten."""
    tx.change(_HIDE_MENTIONS, key=post_id)
    tx.change(_SPEAK_MENTIONS, key=post_id, ids=sorted(named))


_TAG: Final = ("tag", "post_id", "name", "kind")
_ADD_TAG: Final = (
    insert(post_tags).values({name: bindparam(name) for name in _TAG}).on_conflict_do_nothing()
)
_DROP_TAGS: Final = delete(post_tags).where(post_tags.c.post_id == bindparam("post_id"))


def add_tags(tx: Tx, tagged: Iterable[tuple[PostRow, Iterable[Tag]]]) -> None:
    """Store the tags of posts that had none."""
    rows = [(tag.folded, row.id, tag.name, row.kind) for row, tags in tagged for tag in tags]
    tx.many_lines(_ADD_TAG, _TAG, rows)


def set_tags(tx: Tx, row: PostRow, tags: Iterable[Tag]) -> None:
    """Store a post's tags in place of those it had."""
    tx.change(_DROP_TAGS, post_id=row.id)
    add_tags(tx, [(row, tags)])


_ARCHIVE: Final = (
    insert(post_versions)
    .from_select(
        [column.name for column in post_versions.c],
        select(
            posts.c.id,
            func.coalesce(posts.c.edited_at, posts.c.created_at),
            posts.c.content,
            posts.c.source,
            posts.c.summary,
            posts.c.sensitive,
            bindparam("raw", type_=post_versions.c.raw.type),
            bindparam("options", type_=post_versions.c.options.type),
            posts.c.title,
            bindparam("files", type_=post_versions.c.files.type),
        ).where(posts.c.id == bindparam("post_id")),
    )
    .on_conflict_do_nothing()
)
_EDIT: Final = (
    update(posts)
    .where(posts.c.id == bindparam("key"), posts.c.deleted_at.is_(None))
    .values(
        content=bindparam("content"),
        source=bindparam("source"),
        summary=bindparam("summary"),
        sensitive=bindparam("sensitive"),
        language=bindparam("language"),
        edited_at=bindparam("edited_at"),
        title=bindparam("title"),
        emojis=bindparam("emojis"),
        version=posts.c.version + 1,
    )
)


def edit(
    tx: Tx,
    post_id: int,
    *,
    content: str,
    source: str | None,
    summary: str,
    sensitive: bool,
    language: str | None,
    edited_at: int,
    title: str = "",
    emojis: bytes = b"",
    options: str | None = None,
    had: str | None = None,
) -> bool:
    """Keep what the post said and store what it says now; its audience is not touched.

    `options`: the answers of its poll until now (`queries.polls.names_kept`); `had`: its files
    until now (`queries.files.kept`).
    """
    tx.run(_ARCHIVE, post_id=post_id, raw=None, options=options, files=had)
    changed = tx.change(
        _EDIT,
        key=post_id,
        content=content,
        source=source,
        summary=summary,
        sensitive=sensitive,
        language=language,
        edited_at=edited_at,
        title=title,
        emojis=emojis,
    )
    if changed:
        words.changed(tx, post_id)
    return changed > 0


_SET_ACCEPTANCE: Final = (
    update(posts)
    .where(
        posts.c.id == bindparam("key"),
        posts.c.deleted_at.is_(None),
        posts.c.acceptance != bindparam("to"),
        posts.c.acceptance != Acceptance.WITHHELD,
    )
    .values(acceptance=bindparam("to"), version=posts.c.version + 1)
)


def set_acceptance(tx: Tx, post_id: int, acceptance: Acceptance) -> bool:
    """Write down what a community elsewhere said of a post; False if it had said so before.

    False as well for what is deleted or withheld, where nothing changes.
    """
    return tx.change(_SET_ACCEPTANCE, key=post_id, to=acceptance) > 0


_DELETE: Final = (
    update(posts)
    .where(posts.c.id == bindparam("key"), posts.c.deleted_at.is_(None))
    .values(deleted_at=bindparam("now"), version=posts.c.version + 1)
)
_TOMBSTONE: Final = (
    insert(tombstones)
    .values(uri=bindparam("uri"), author_uri=bindparam("author_uri"), deleted_at=bindparam("now"))
    .on_conflict_do_nothing()
)
_TOMBSTONE_OF: Final = select(tombstones.c.author_uri).where(tombstones.c.uri == bindparam("uri"))


_TOUCH: Final = (
    update(posts).where(posts.c.id == bindparam("key")).values(version=posts.c.version + 1)
)


def touch(tx: Tx, post_id: int) -> None:
    """Something that readers see beside a post has changed, such as a file that came."""
    tx.change(_TOUCH, key=post_id)


def mark_deleted(tx: Tx, post_id: int) -> bool:
    """Make a post unreadable at once; False if it was so already. Erasing is a job's work."""
    return tx.change(_DELETE, key=post_id, now=tx.now) > 0


def bury(tx: Tx, uri: str, author_uri: str) -> None:
    """Remember that an object was deleted by `author_uri`: its Create is ignored for ever."""
    tx.run(_TOMBSTONE, uri=uri, author_uri=author_uri, now=tx.now)


def buried_by(tx: Tx, uri: str) -> str | None:
    """Who deleted the object, or None if it was not deleted."""
    return tx.scalar(_TOMBSTONE_OF, uri=uri)


_RELINK: Final = (
    update(posts)
    .where(posts.c.id == bindparam("key"))
    .values(
        reply_to_id=bindparam("reply_to_id"),
        reply_to_author_id=bindparam("reply_to_author_id"),
        reply_to_uri=None,
        version=posts.c.version + 1,
    )
)
_MOVE: Final = (
    update(posts)
    .where(posts.c.id == bindparam("key"))
    .values(
        root_id=bindparam("root_id"),
        root_kind=bindparam("root_kind"),
        root_owner_id=bindparam("root_owner_id"),
        root_author_id=bindparam("root_author_id"),
        version=posts.c.version + 1,
    )
)


def link_reply(tx: Tx, reply_id: int, parent: PostRow) -> None:
    """Connect an answer with the post that it waited for."""
    tx.change(_RELINK, key=reply_id, reply_to_id=parent.id, reply_to_author_id=parent.author_id)


def move_root(tx: Tx, post_ids: Iterable[int], root: PostRow) -> None:
    """Put posts under the root that `root` has. The caller has checked that nobody new reads."""
    values = {
        "root_id": root.root_id,
        "root_kind": root.root_kind,
        "root_owner_id": root.root_owner_id,
        "root_author_id": root.root_author_id,
    }
    tx.many(_MOVE, [values | {"key": post_id} for post_id in sorted(post_ids)])


def facts(tx: Tx, row: PostRow) -> PostFacts:
    """What the Python predicate needs to know of a stored post.

    A root that is not here any more is as old as can be: nobody new gains by it.
    """
    root = row if row.root_id == row.id else by_id(tx, row.root_id)
    named = frozenset(named_in(tx, row.id))
    return PostFacts(
        id=row.id,
        author=row.author_id,
        audience=row.audience,
        created_at=row.created_at,
        named=named,
        root_id=row.root_id,
        root_author=row.root_author_id,
        root_audience=row.root_audience,
        root_created_at=root.created_at if root else 0,
        root_named=named if root is row else frozenset(named_in(tx, row.root_id)),
        accepted=row.is_accepted,
    )


def root_facts(tx: Tx, row: PostRow) -> PostFacts:
    """The same of the thread's first post, or what `row` remembers of it."""
    root = by_id(tx, row.root_id)
    return facts(tx, root) if root is not None else root_of(facts(tx, row))
