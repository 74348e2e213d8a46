"""Writing, editing and deleting posts. Those of other servers: `social.remote_posts`."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from domain.audience import Viewer
from domain.choices import Hint
from domain.errors import NotFound
from domain.handles import Acct
from domain.node import Node
from domain.polls import NewPoll
from federation.discovery import find_handle
from federation.fetcher import CannotFetch, Fetcher
from outbox import publish
from social import (
    bells,
    commands,
    emojis,
    files,
    first_times,
    helper,
    link_previews,
    open_communities,
    places,
    placing,
    polls,
    quotes,
    readers,
    storing,
)
from social.consent import policy_for
from social.files import Detail
from social.mentions import find_names, unknown_handles
from social.notifications import tell_named, tell_sharers
from social.placing import LONGEST_POST, Draft
from social.remote_changes import delete_remote_post, update_remote_post
from social.remote_posts import store_remote_post
from social.streaming import announce, edited
from storage.database import Database
from storage.queries import accounts, actors, posts
from storage.queries import files as stored_files
from storage.queries.idempotency import claim
from storage.queries.ids import new_id
from storage.queries.polls import names_kept
from storage.tx import Tx
from storage.views.posts import PostRow, PostView, for_delivery

__all__ = [
    "LONGEST_POST",
    "Change",
    "Created",
    "Draft",
    "create_post",
    "delete_post",
    "delete_remote_post",
    "edit_post",
    "store_remote_post",
    "update_remote_post",
    "write_post",
]

MOST_UNKNOWN: Final = 10
"""Handles of other servers that are looked up for one post."""

LOOK_UP_SECONDS: Final = 5.0
"""How long a post waits for them together."""

_under_way: Final[set[asyncio.Task[None]]] = set()


@dataclass(frozen=True, slots=True)
class Change:
    """What is new about a post; None leaves it as it is. `details` are about files by their ids."""

    text: str | None = None
    summary: str | None = None
    sensitive: bool | None = None
    language: str | None = None
    media_ids: tuple[int, ...] | None = None
    details: Mapping[int, Detail] = field(default_factory=dict)
    poll: NewPoll | None = None


class Created(Struct, frozen=True):
    """A post that was made, and what its author should know about it."""

    post_id: int
    hints: tuple[Hint, ...] = ()


async def write_post(
    db: Database,
    fetcher: Fetcher,
    *,
    node: Node,
    author_id: int,
    draft: Draft,
    write: Callable[..., Awaitable[Created]] | None = None,
) -> Created:
    """Look up handles of other servers that are not known yet, then `create_post`.

    For a guest nobody is asked. Who cannot be found stays plain text.
    """
    placing.check_text(draft.text, draft.summary, has_files=bool(draft.media_ids))
    if await db.read(accounts.is_full_member, author_id):
        viewer = Viewer.local(author_id, full=True)
        unknown = await db.read(unknown_handles, node=node, text=draft.text, viewer=viewer)
        await _look_up(fetcher, unknown[:MOST_UNKNOWN])
    store = write or db.write
    return await store(create_post, node=node, author_id=author_id, draft=draft)


async def _look_up(fetcher: Fetcher, handles: Sequence[Acct]) -> None:
    """Ask for handles, for a while. Nothing is cancelled then: it may be storing what it found."""
    tasks = [asyncio.ensure_future(_find(fetcher, acct)) for acct in handles]
    for task in tasks:
        _under_way.add(task)  # a task that nobody holds may be collected before it ends
        task.add_done_callback(_under_way.discard)
    if tasks:
        await asyncio.wait(tasks, timeout=LOOK_UP_SECONDS)


async def _find(fetcher: Fetcher, acct: Acct) -> None:
    with suppress(CannotFetch):
        await find_handle(fetcher, acct.name, acct.host or "")


def create_post(tx: Tx, *, node: Node, author_id: int, draft: Draft) -> Created:
    """Make a post: place and audience by protocol §1, fixed from now on.

    Raises:
        Invalid: no text, too long, pictures that cannot be, or an audience that cannot be.
        NotFound: what it answers or quotes is not there for the author.
        NotAllowed: it quotes what cannot be quoted.
    """
    identifier = new_id(tx)
    if draft.idempotency_key is not None:
        earlier = claim(tx, author_id, draft.idempotency_key, identifier)
        if earlier != identifier:
            return Created(earlier)
    row, to, quote = prepared(
        tx, node=node, author_id=author_id, draft=draft, identifier=identifier
    )
    storing.store(tx, row, named=to.linked, silent=to.silent, tags=placing.tags_of(draft.text))
    files.attach(tx, actor_id=author_id, post_id=identifier, file_ids=draft.media_ids)
    if draft.poll is not None:
        polls.make(tx, row, draft.poll, has_files=bool(draft.media_ids))
    if quote is not None:
        quotes.made(tx, node=node, row=row, choice=quote)
    _send(tx, node, row, to.linked)
    if quote is not None:
        quotes.ask(tx, node=node, row=row, choice=quote)
    helper.tell_hints(tx, node=node, person_id=author_id, about=row, hints=to.hints)
    first_times.tell_who_reads(tx, node=node, post=row)
    commands.listen(tx, node=node, post=row, text=draft.text)
    return Created(identifier, to.hints)


class Prepared(NamedTuple):
    """A post as it would be stored now, whom it reaches by name, and what it quotes."""

    row: PostRow
    to: placing.Addressed
    quote: quotes.Chosen | None


def prepared(tx: Tx, *, node: Node, author_id: int, draft: Draft, identifier: int) -> Prepared:
    """What a draft comes to at this moment; stores nothing. Raises as `create_post` does."""
    placing.check_text(draft.text, draft.summary, has_files=bool(draft.media_ids))
    made = placing.plan(tx, node, author_id, draft)
    places.check_may_answer(made.parent)
    place_id = made.placement.place
    open_communities.check_may_write(tx, author_id, place_id=place_id, parent=made.parent)
    row = placing.row_of(tx, node, identifier, made, draft)
    to = placing.addressed(tx, made, row)
    content = placing.content_of(node, draft.text, made.names, to.linked | {author_id})
    row = replace(
        row,
        content=content,
        emojis=emojis.meant(tx, node, draft.text, draft.summary, *_answers(draft.poll)),
        acceptance=places.acceptance_of(tx, row),
    )
    wanted = draft.quoted_id
    named = to.linked | to.silent
    quote = quotes.chosen(tx, made.viewer, row, named, wanted) if wanted is not None else None
    row = replace(
        row,
        quote_uri=quote.quoted.row.uri if quote is not None else None,
        quote_policy=policy_for(row, draft.quote_policy),
    )
    return Prepared(row, to, quote)


def _answers(poll: NewPoll | None) -> tuple[str, ...]:
    return tuple(poll.options) if poll is not None else ()


def _send(tx: Tx, node: Node, row: PostRow, named: Collection[int]) -> None:
    community = places.community_of(tx, row)
    if community is not None:
        places.say(tx, node=node, row=row, community=community, named=named)
        return
    tell_named(tx, row, named)
    storing.spread(tx, row.id)
    bells.ring(tx, row)
    if not row.stays_here:
        publish.post_created(tx, node=node, post=for_delivery(tx, row.id))


def _own_row(tx: Tx, author_id: int, post_id: int) -> PostRow:
    row = posts.by_id(tx, post_id)
    if row is None or row.author_id != author_id or row.deleted_at is not None:
        raise NotFound
    return row


def edit_post(tx: Tx, *, node: Node, author_id: int, post_id: int, change: Change) -> None:
    """Change what a post says; what it said is kept. Who may read it never changes.

    Somebody named only now is linked if they may read it anyway, else stays plain text.

    Raises:
        NotFound: it is not the author's, or a share.
        Invalid: no text, too long, pictures or a poll that cannot be.
    """
    tx.lock(f"files on {post_id}")  # two edits at once would put too many on it
    row = _own_row(tx, author_id, post_id)
    if row.share_of_id is not None or not row.is_local:
        raise NotFound
    text = row.source or "" if change.text is None else change.text
    wish = replace(
        row,
        source=placing.clean_source(text),
        summary=row.summary if change.summary is None else placing.clean_warning(change.summary),
        sensitive=row.sensitive if change.sensitive is None else change.sensitive,
        language=row.language if change.language is None else change.language,
    )
    had = stored_files.kept(tx, post_id)
    rearranged = files.rearrange(
        tx,
        actor_id=author_id,
        post_id=post_id,
        file_ids=change.media_ids,
        details=change.details,
    )
    placing.check_text(text, wish.summary, has_files=files.has_any(tx, post_id))
    if wish == row and not rearranged and change.poll is None:
        return
    places.check_may_change(tx, row)
    asked = names_kept(tx, post_id)
    if change.poll is not None:
        polls.change(tx, row, change.poll, has_files=files.has_any(tx, post_id))
    tell_named(tx, row, _store_edit(tx, node, row, wish, text=text, asked=asked, had=had))
    tell_sharers(tx, row)
    announce(tx, edited(post_id))
    if places.travels_through(row):
        places.changed(tx, node=node, row=row)
    elif not row.stays_here:
        publish.post_edited(tx, node=node, post=for_delivery(tx, post_id))


def _store_edit(
    tx: Tx,
    node: Node,
    row: PostRow,
    wish: PostRow,
    *,
    text: str,
    asked: str | None,
    had: str | None,
) -> set[int]:
    """Write the new version; who is named in it for the first time.

    `asked`: its poll until now, `had`: its files.
    """
    author = actors.by_id(tx, row.author_id)
    if author is None:
        raise NotFound
    before = posts.named_in(tx, row.id)
    companions = actors.views(tx, sorted(before))
    names = find_names(tx, node, text, readers.viewer_for(tx, author), companions)
    people = names.persons(row.author_id)
    linked = readers.reached(tx, people, posts.facts(tx, row), row.place_id)
    posts.edit(
        tx,
        row.id,
        content=placing.content_of(node, text, names, frozenset(linked | {row.author_id})),
        source=wish.source,
        summary=wish.summary,
        sensitive=wish.sensitive,
        language=wish.language,
        edited_at=max(tx.now, (row.edited_at or row.created_at) + 1),
        emojis=emojis.meant(tx, node, text, wish.summary, names_kept(tx, row.id) or ""),
        options=asked,
        had=had,
    )
    link_previews.renew(tx, row.id)
    new = linked - before.keys()
    posts.add_mentions(tx, row.id, new)
    posts.respeak(tx, row.id, linked)
    posts.set_tags(tx, row, placing.tags_of(text))
    return new


def delete_post(
    tx: Tx, *, node: Node, author_id: int, post_id: int, keeps_files: bool = True
) -> PostView:
    """Make a post, or a share, unreadable at once; the post as it was.

    `keeps_files`: its author may write it again with them, for a day.

    Raises:
        NotFound: it is not the author's.
    """
    row = _own_row(tx, author_id, post_id)
    view = for_delivery(tx, post_id)
    storing.remove(tx, row)
    (files.let_go if keeps_files else files.drop_all)(tx, post_id)
    if row.share_of_id is not None:
        publish.unshared(tx, node=node, share=view)
    elif places.travels_through(row):
        places.taken_back(tx, node=node, post=view)
    elif not row.stays_here:
        publish.post_deleted(tx, node=node, post=view)
    return view
