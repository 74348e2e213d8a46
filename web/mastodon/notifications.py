"""What the caller was told: the plain list (v1), the grouped one (v2), reading and dismissing.

Posts come from the renderings that are kept, as on timelines (`web/mastodon/rendering.py`).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.kinds import NotificationKind
from domain.notifying import GROUPED, NAMES, Group, group_of
from social import notifications as use
from storage.queries import markers
from storage.tx import Tx
from storage.views import notification_groups as groups
from storage.views import notifications as views
from storage.views.entries import Entry
from storage.views.notification_groups import GroupView
from storage.views.notifications import NotificationView, Wanted
from storage.views.paging import Page
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities import notifications as entities
from web.mastodon.entities.accounts import Account, account
from web.mastodon.entities.formats import Figure, Nothing
from web.mastodon.entities.notifications import GroupedNotifications, Notification
from web.mastodon.paging import PEOPLE, limit_of, links, page_of
from web.mastodon.rendering import Found, complete, statuses
from web.params import as_id
from web.responses import empty, json
from web.routes import Access, Route, get, post

MOST_COUNTED: Final = 1000
COUNTED: Final = 100
MARKER: Final = "notifications"
WHOLE: Final = "full"
PARTIAL: Final = "partial_avatars"


def _kinds(call: Call) -> Collection[NotificationKind]:
    """The kinds that the client wants; names that we do not know bring nothing."""
    wanted = call.params.many("types")
    unwanted = set(call.params.many("exclude_types"))
    return [
        kind
        for kind, name in NAMES.items()
        if name not in unwanted and (not wanted or name in wanted)
    ]


def _wanted(call: Call, *, held: bool = False) -> Wanted:
    """Which lines the client asks for; of somebody who can be nobody there are none."""
    sent = call.params.maybe("account_id")
    sender = 0 if sent is None else as_id(sent) or -1
    return Wanted(_kinds(call), sender, held)


def _with_held(call: Call) -> Wanted:
    return _wanted(call, held=call.params.flag("include_filtered"))


def _together(call: Call) -> Collection[NotificationKind]:
    """The kinds that come as groups: those that the client can show so, or all there are."""
    if "grouped_types" not in call.params:
        return GROUPED
    able = set(call.params.many("grouped_types"))
    return [kind for kind in GROUPED if NAMES[kind] in able]


async def index(call: Call) -> StreamResponse:
    """GET /api/v1/notifications."""
    lines, found = await call.read(_page, page_of(call, PEOPLE), _with_held(call), call=call)
    shown = entities.told(lines, statuses(call, found), call.node, call.viewer)
    return json(shown, headers=links(call, [view.id for view in lines]))


def _page(
    tx: Tx, page: Page, wanted: Wanted, *, call: Call
) -> tuple[list[NotificationView[Entry]], Found]:
    lines = views.page_entries(tx, call.viewer, page, wanted)
    return lines, _posts(tx, lines, call)


def _posts(tx: Tx, lines: Iterable[NotificationView[Entry]], call: Call) -> Found:
    """The posts that are meant, each once."""
    entries = {view.post.post_id: view.post for view in lines if view.post is not None}
    return complete(tx, list(entries.values()), call.viewer, call.services.fragments)


async def grouped(call: Call) -> StreamResponse:
    """GET /api/v2/notifications."""
    whole_people = _whole_people(call)
    lines, found = await call.read(_grouped, page_of(call, PEOPLE), _with_held(call), call=call)
    shown = _shown(call, lines, found, whole_people=whole_people)
    return json(shown, headers=links(call, [view.newest.id for view in lines]))


def _grouped(tx: Tx, page: Page, wanted: Wanted, *, call: Call) -> tuple[list[GroupView], Found]:
    lines = groups.page(tx, call.viewer, page, wanted, _together(call))
    return lines, _posts(tx, (view.newest for view in lines), call)


def _shown(
    call: Call, lines: Sequence[GroupView], found: Found, *, whole_people: bool = True
) -> GroupedNotifications:
    posts = statuses(call, found).values()
    return entities.grouped(lines, posts, call.node, call.viewer, whole_people=whole_people)


def _whole_people(call: Call) -> bool:
    how = call.params.text("expand_accounts", WHOLE)
    if how not in {WHOLE, PARTIAL}:
        raise BadRequest(f"expand_accounts must be {WHOLE} or {PARTIAL}")
    return how == WHOLE


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/notifications/:id."""
    view, found = await call.read(_one, call.id(), call=call)
    (shown,) = entities.told([view], statuses(call, found), call.node, call.viewer)
    return json(shown)


def _one(tx: Tx, identifier: int, *, call: Call) -> tuple[NotificationView[Entry], Found]:
    view = views.one_entry(tx, call.viewer, identifier)
    return view, _posts(tx, [view], call)


async def show_group(call: Call) -> StreamResponse:
    """GET /api/v2/notifications/:group_key."""
    view, found = await call.read(_one_group, _group(call), call=call)
    return json(_shown(call, [view], found))


def _one_group(tx: Tx, group: Group, *, call: Call) -> tuple[GroupView, Found]:
    view = groups.group(tx, call.viewer, group)
    return view, _posts(tx, [view.newest], call)


async def group_accounts(call: Call) -> StreamResponse:
    """GET /api/v2/notifications/:group_key/accounts."""
    found = await call.read(groups.people, call.viewer, _group(call), page_of(call, PEOPLE))
    shown = [account(one.actor, call.node, call.viewer) for one in found]
    return json(shown, headers=links(call, [one.cursor for one in found]))


def _group(call: Call) -> Group:
    found = group_of(call.request.match_info["key"])
    if found is None:
        raise NotFound
    return found


async def dismiss(call: Call) -> StreamResponse:
    """POST /api/v1/notifications/:id/dismiss."""
    if not await call.write(use.dismiss, call.person.actor_id, call.id()):
        raise NotFound
    return empty()


async def dismiss_group(call: Call) -> StreamResponse:
    """POST /api/v2/notifications/:group_key/dismiss."""
    if not await call.write(use.dismiss_group, call.person.actor_id, _group(call)):
        raise NotFound
    return empty()


async def clear(call: Call) -> StreamResponse:
    """POST /api/v1/notifications/clear."""
    await call.write(use.clear, call.person.actor_id)
    return empty()


async def unread_count(call: Call) -> StreamResponse:
    """GET /api/v1/notifications/unread_count: what is newer than the marker."""
    return json({"count": await call.read(_count, call=call, limit=_most(call))})


async def unread_groups(call: Call) -> StreamResponse:
    """GET /api/v2/notifications/unread_count: the same, of groups."""
    return json({"count": await call.read(_count_groups, call=call, limit=_most(call))})


def _most(call: Call) -> int:
    return limit_of(call.params.integer("limit") or COUNTED, MOST_COUNTED // 2)


def _count(tx: Tx, *, call: Call, limit: int) -> int:
    after = markers.last_read(tx, call.person.actor_id, MARKER)
    return views.count_newer(tx, call.viewer, after, _wanted(call), limit=limit)


def _count_groups(tx: Tx, *, call: Call, limit: int) -> int:
    after = markers.last_read(tx, call.person.actor_id, MARKER)
    return groups.count_newer(tx, call.viewer, after, _wanted(call), _together(call), limit=limit)


_V1: Final = "/api/v1/notifications"
_V2: Final = "/api/v2/notifications"
_READ: Final = (Access.ACCOUNT, "read:notifications")
_WRITE: Final = (Access.ACCOUNT, "write:notifications")

ROUTES: list[Route] = [
    get(_V1, index, *_READ, answers=list[Notification]),
    get(f"{_V1}/unread_count", unread_count, *_READ, answers=Figure),
    get(f"{_V1}/{{id}}", show, *_READ, answers=Notification),
    post(f"{_V1}/clear", clear, *_WRITE, answers=Nothing),
    post(f"{_V1}/{{id}}/dismiss", dismiss, *_WRITE, answers=Nothing),
    get(_V2, grouped, *_READ, answers=GroupedNotifications),
    get(f"{_V2}/unread_count", unread_groups, *_READ, answers=Figure),
    get(f"{_V2}/{{key}}", show_group, *_READ, answers=GroupedNotifications),
    get(f"{_V2}/{{key}}/accounts", group_accounts, *_READ, answers=list[Account]),
    post(f"{_V2}/{{key}}/dismiss", dismiss_group, *_WRITE, answers=Nothing),
]
