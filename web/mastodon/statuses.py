"""Writing, reading, changing and deleting posts."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiohttp.web import StreamResponse
from msgspec.structs import replace

from domain import later
from domain.choices import Choice
from domain.errors import Invalid, NotFound
from domain.text import with_title
from social import posts
from social.files import Detail
from social.mentions import unknown_handles
from social.posts import Change, Draft
from social.profiles import Defaults, defaults
from social.quotes import set_policy
from social.search import resolve
from storage.queries.files import FileRow
from storage.tx import Tx
from storage.views.posts import PostView, load, visible
from storage.views.versions import Version, former_versions
from web.call import Call
from web.errors import BadRequest
from web.mastodon import quotes, scheduled
from web.mastodon.entities import statuses as entities
from web.mastodon.entities import versions
from web.mastodon.entities.scheduled import ScheduledStatus
from web.mastodon.entities.statuses import DeletedStatus, Status
from web.mastodon.entities.versions import StatusEdit, StatusSource
from web.mastodon.polls import wished
from web.mastodon.rendering import one, several
from web.params import Params, as_id
from web.responses import json, raw_json
from web.routes import Access, Route, change, delete, get, post

MOST_AT_ONCE: Final = 20
LONGEST_KEY: Final = 255
LONGEST_LANGUAGE: Final = 16
LONGEST_LOOKED_AT: Final = 20_000
"""Characters in which people are looked for; a longer text is refused when it is stored."""

_CHANGES: Final = (
    *("status", "spoiler_text", "sensitive", "language"),
    *("media_ids", "media_attributes", "poll", quotes.NAME),
)
# What apps may choose. Writing for the whole world is offered on our own pages only (protocol §1).
_VISIBILITIES: Final = {
    choice.value: choice
    for choice in (Choice.PUBLIC, Choice.UNLISTED, Choice.PRIVATE, Choice.DIRECT)
}


async def create(call: Call) -> StreamResponse:
    """POST /api/v1/statuses: a Status, or a ScheduledStatus of what is to appear later.

    The same `Idempotency-Key` within the hour gives the same post.
    """
    when = call.params.maybe(scheduled.NAME)
    due_at = None if when is None else later.moment(when)
    own = await call.read(defaults, call.person.actor_id)
    draft = _draft(call, own)
    await _look_up(call, draft.text)
    made = await call.write(_create, call=call, draft=draft, due_at=due_at)
    return one(call, made) if isinstance(made, PostView) else json(made)


async def _look_up(call: Call, text: str) -> None:
    """Ask other servers, for some seconds, for people named who are not known here yet.

    Apart from the write: the token is confirmed in the unit that stores the post.
    """
    services = call.services
    unknown = await call.read(
        unknown_handles, node=call.node, text=text[:LONGEST_LOOKED_AT], viewer=call.viewer
    )
    asked = (
        resolve(services.db, services.fetcher, viewer=call.viewer, q=str(acct))
        for acct in unknown[: posts.MOST_UNKNOWN]
    )
    await asyncio.gather(*asked)


def _create(tx: Tx, *, call: Call, draft: Draft, due_at: int | None) -> PostView | ScheduledStatus:
    author = call.person.actor_id
    if due_at is None:
        made = posts.create_post(tx, node=call.node, author_id=author, draft=draft).post_id
    else:
        made = scheduled.keep(tx, call=call, draft=draft, due_at=due_at)
    # A key that was used before may stand for either, whatever is sent with it now.
    if due_at is not None or draft.idempotency_key is not None:
        waits = scheduled.waiting(tx, call=call, scheduled_id=made)
        if waits is not None:
            return waits
    return visible(tx, made, call.viewer)


def _draft(call: Call, own: Defaults) -> Draft:
    params = call.params
    summary = params.text("spoiler_text")
    return Draft(
        text=params.text("status"),
        visibility=_visibility(params.maybe("visibility") or own.visibility),
        local_only=params.flag("local_only"),
        reply_to_id=params.maybe_id("in_reply_to_id"),
        summary=summary,
        sensitive=params.flag("sensitive", default=own.sensitive) or bool(summary),
        language=_language(params) or own.language,
        app_id=call.person.app_id,
        idempotency_key=_key(call),
        media_ids=_media_ids(params),
        poll=wished(params),
        quoted_id=params.maybe_id("quoted_status_id"),
        quote_policy=quotes.policy(params) or own.quote_policy,
    )


def _media_ids(params: Params) -> tuple[int, ...]:
    """The files named, in their order. Raises Invalid for what can be no file."""
    found = [as_id(text) for text in params.many("media_ids")]
    ids = tuple(file_id for file_id in found if file_id is not None)
    if len(ids) != len(found):
        raise Invalid("One of the pictures is not there. Please add it again.", "media_ids")
    return ids


def _details(params: Params) -> dict[int, Detail]:
    """What an edit says anew about single files."""
    found: dict[int, Detail] = {}
    for row in params.rows("media_attributes")[:MOST_AT_ONCE]:
        file_id = as_id(row.text("id"))
        if file_id is not None:
            alt = row.text("description") if "description" in row else None
            found[file_id] = Detail(alt, row.maybe("focus"))
    return found


def _visibility(name: str) -> Choice:
    if name not in _VISIBILITIES:
        raise Invalid(f"Visibility is one of {', '.join(_VISIBILITIES)}", "visibility")
    return _VISIBILITIES[name]


def _language(params: Params) -> str | None:
    language = params.text("language").strip()[:LONGEST_LANGUAGE]
    return language if language.isascii() and len(language) >= 2 else None


def _key(call: Call) -> str | None:
    key = call.request.headers.get("Idempotency-Key")
    return key[:LONGEST_KEY] if key else None


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/statuses/:id."""
    return one(call, await call.read(visible, call.id(), call.viewer))


async def show_several(call: Call) -> StreamResponse:
    """GET /api/v1/statuses?id[]=: those that the caller may read, without a word on others."""
    ids = call.params.ids("id", MOST_AT_ONCE)
    return raw_json(several(call, await call.read(load, ids, call.viewer) if ids else []))


async def edit(call: Call) -> StreamResponse:
    """PUT /api/v1/statuses/:id, by its author. Who may read it never changes."""
    params = call.params
    if not any(name in params for name in _CHANGES):
        raise BadRequest("status is missing")
    wish = Change(
        text=params.text("status") if "status" in params else None,
        summary=params.text("spoiler_text") if "spoiler_text" in params else None,
        sensitive=params.maybe_flag("sensitive"),
        language=_language(params),
        media_ids=_media_ids(params) if "media_ids" in params else None,
        details=_details(params),
        poll=wished(params),
    )
    policy = quotes.policy(params)
    return one(
        call, await call.write(_edit, call=call, post_id=call.id(), wish=wish, policy=policy)
    )


def _edit(tx: Tx, *, call: Call, post_id: int, wish: Change, policy: str | None) -> PostView:
    author = call.person.actor_id
    if policy is not None:
        set_policy(tx, node=call.node, author_id=author, post_id=post_id, choice=policy)
    posts.edit_post(tx, node=call.node, author_id=author, post_id=post_id, change=wish)
    return visible(tx, post_id, call.viewer)


async def remove(call: Call) -> StreamResponse:
    """DELETE /api/v1/statuses/:id: answers with what was typed, to write it again.

    With `delete_media` its files are gone at once; else they may be used again, for a day.
    """
    was = await call.write(
        posts.delete_post,
        node=call.node,
        author_id=call.person.actor_id,
        post_id=call.id(),
        keeps_files=not call.params.flag("delete_media"),
    )
    whole = entities.whole(was, call.node, call.viewer)
    return raw_json(entities.with_source(whole, was.row.source or ""))


async def source(call: Call) -> StreamResponse:
    """GET /api/v1/statuses/:id/source: what the caller typed."""
    found = await call.read(visible, call.id(), call.viewer)
    if found.row.author_id != call.person.actor_id:
        raise NotFound
    return json(versions.source(found))


async def history(call: Call) -> StreamResponse:
    """GET /api/v1/statuses/:id/history: from the first that the caller could read on."""
    return json(await call.read(_history, call=call, post_id=call.id()))


def _history(tx: Tx, *, call: Call, post_id: int) -> list[StatusEdit]:
    now = visible(tx, post_id, call.viewer)
    row = now.row
    present = Version(
        row.edited_at or row.created_at, row.content, row.summary, row.sensitive, row.title
    )
    asked = () if now.poll is None else now.poll.names
    said = [*former_versions(tx, post_id, call.viewer), present]
    return [
        versions.edit(
            now.author,
            call.node,
            call.viewer,
            content=with_title(one.title, one.content),
            summary=one.summary,
            sensitive=one.sensitive,
            made_at=one.made_at,
            files=now.files if one is present else _files_then(now.files, one.descriptions),
            emojis=row.emojis,
            options=asked if one is present else one.answers,
        )
        for one in said
    ]


def _files_then(now: Sequence[FileRow], then: dict[int, str]) -> tuple[FileRow, ...]:
    """The files that a version had, as they were described; what was taken off is its owner's."""
    there = {file.id: file for file in now}
    return tuple(replace(there[one], alt=alt) for one, alt in then.items() if one in there)


_ONE: Final = "/api/v1/statuses/{id}"

ROUTES: list[Route] = [
    post(
        "/api/v1/statuses",
        create,
        Access.ACCOUNT,
        "write:statuses",
        answers=Status | ScheduledStatus,
    ),
    get("/api/v1/statuses", show_several, Access.ANYONE, "read:statuses", answers=list[Status]),
    get(_ONE, show, Access.ANYONE, "read:statuses", answers=Status),
    *change(_ONE, edit, Access.ACCOUNT, "write:statuses", answers=Status),
    delete(_ONE, remove, Access.ACCOUNT, "write:statuses", answers=DeletedStatus),
    get(f"{_ONE}/history", history, Access.ANYONE, "read:statuses", answers=list[StatusEdit]),
    get(f"{_ONE}/source", source, Access.ACCOUNT, "read:statuses", answers=StatusSource),
]
