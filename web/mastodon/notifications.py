"""What the caller was told: the plain list (v1), the grouped one (v2), reading and dismissing."""

from collections.abc import Collection
from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.kinds import NotificationKind
from storage.queries import notifications as queries
from storage.tx import Tx
from storage.views import notifications as views
from storage.views.notifications import NotificationView
from web.call import Call
from web.mastodon.entities import notifications as entities
from web.mastodon.entities.accounts import account
from web.mastodon.paging import PEOPLE, links, page_of
from web.params import as_id
from web.responses import empty, json, raw_json
from web.routes import Access, Route, change, get, post

MOST_COUNTED: Final = 1000
COUNTED: Final = 100
_KINDS: Final = {name: kind for kind, name in entities.TYPES.items()}
_ACCEPT_ALL: Final = {
    "for_not_following": "accept",
    "for_not_followers": "accept",
    "for_new_accounts": "accept",
    "for_private_mentions": "accept",
    "for_limited_accounts": "accept",
    "summary": {"pending_requests_count": 0, "pending_notifications_count": 0},
}


def _kinds(call: Call) -> Collection[NotificationKind]:
    """The kinds that the client wants; names that we do not know bring nothing."""
    wanted = call.params.many("types")
    unwanted = set(call.params.many("exclude_types"))
    return [
        kind
        for name, kind in _KINDS.items()
        if name not in unwanted and (not wanted or name in wanted)
    ]


async def _page(call: Call) -> list[NotificationView]:
    sender = call.params.text("account_id")
    return await call.read(
        views.page,
        call.viewer,
        page_of(call, PEOPLE),
        kinds=_kinds(call),
        from_id=as_id(sender) or 0,
    )


async def index(call: Call) -> StreamResponse:
    """GET /api/v1/notifications."""
    found = await _page(call)
    shown = [entities.notification(view, call.node, call.viewer) for view in found]
    return json(shown, headers=links(call, [view.id for view in found]))


async def grouped(call: Call) -> StreamResponse:
    """GET /api/v2/notifications."""
    found = await _page(call)
    shown = entities.grouped(found, call.node, call.viewer)
    return json(shown, headers=links(call, [view.id for view in found]))


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/notifications/:id."""
    view = await call.read(views.one, call.viewer, call.id())
    return json(entities.notification(view, call.node, call.viewer))


async def show_group(call: Call) -> StreamResponse:
    """GET /api/v2/notifications/:group_key."""
    view = await call.read(views.one, call.viewer, _in_group(call))
    return json(entities.grouped([view], call.node, call.viewer))


async def group_accounts(call: Call) -> StreamResponse:
    """GET /api/v2/notifications/:group_key/accounts."""
    view = await call.read(views.one, call.viewer, _in_group(call))
    return json([account(view.sender, call.node, call.viewer)])


def _in_group(call: Call) -> int:
    identifier = as_id(call.request.match_info["key"].removeprefix("ungrouped-"))
    if identifier is None:
        raise NotFound
    return identifier


async def dismiss(call: Call) -> StreamResponse:
    """POST /api/v1/notifications/:id/dismiss."""
    return await _dismiss(call, call.id())


async def dismiss_group(call: Call) -> StreamResponse:
    """POST /api/v2/notifications/:group_key/dismiss."""
    return await _dismiss(call, _in_group(call))


async def _dismiss(call: Call, notification_id: int) -> StreamResponse:
    if not await call.write(queries.dismiss, call.person.actor_id, notification_id):
        raise NotFound
    return empty()


async def clear(call: Call) -> StreamResponse:
    """POST /api/v1/notifications/clear."""
    await call.write(queries.clear, call.person.actor_id)
    return empty()


async def unread_count(call: Call) -> StreamResponse:
    """GET /api/v1/notifications/unread_count. No marker is kept, so everything there counts."""
    limit = max(1, min(call.params.integer("limit") or COUNTED, MOST_COUNTED))
    return json({"count": await call.read(_count, call=call, limit=limit)})


def _count(tx: Tx, *, call: Call, limit: int) -> int:
    return views.count_newer(tx, call.viewer, 0, limit=limit, kinds=_kinds(call))


async def policy(_call: Call) -> StreamResponse:
    """GET and PATCH /api/v2/notifications/policy: nothing is held back, and nothing can be."""
    return json(_ACCEPT_ALL)


async def policy_v1(_call: Call) -> StreamResponse:
    """GET and PATCH /api/v1/notifications/policy, the older form."""
    names = (
        *("filter_not_following", "filter_not_followers"),
        *("filter_new_accounts", "filter_private_mentions"),
    )
    return json(dict.fromkeys(names, False) | {"summary": _ACCEPT_ALL["summary"]})


async def no_requests(_call: Call) -> StreamResponse:
    """GET /api/v1/notifications/requests: nothing is held back."""
    return raw_json(b"[]")


async def merged(_call: Call) -> StreamResponse:
    """GET /api/v1/notifications/requests/merged."""
    return json({"merged": True})


_V1: Final = "/api/v1/notifications"
_V2: Final = "/api/v2/notifications"
_READ: Final = "read:notifications"
_WRITE: Final = "write:notifications"

ROUTES: list[Route] = [
    get(_V1, index, Access.ACCOUNT, _READ),
    get(f"{_V1}/unread_count", unread_count, Access.ACCOUNT, _READ),
    get(f"{_V1}/policy", policy_v1, Access.ACCOUNT, _READ),
    *change(f"{_V1}/policy", policy_v1, Access.ACCOUNT, _WRITE),
    get(f"{_V1}/requests", no_requests, Access.ACCOUNT, _READ),
    get(f"{_V1}/requests/merged", merged, Access.ACCOUNT, _READ),
    get(f"{_V1}/{{id}}", show, Access.ACCOUNT, _READ),
    post(f"{_V1}/clear", clear, Access.ACCOUNT, _WRITE),
    post(f"{_V1}/{{id}}/dismiss", dismiss, Access.ACCOUNT, _WRITE),
    get(_V2, grouped, Access.ACCOUNT, _READ),
    get(f"{_V2}/unread_count", unread_count, Access.ACCOUNT, _READ),
    get(f"{_V2}/policy", policy, Access.ACCOUNT, _READ),
    *change(f"{_V2}/policy", policy, Access.ACCOUNT, _WRITE),
    get(f"{_V2}/{{key}}", show_group, Access.ACCOUNT, _READ),
    get(f"{_V2}/{{key}}/accounts", group_accounts, Access.ACCOUNT, _READ),
    post(f"{_V2}/{{key}}/dismiss", dismiss_group, Access.ACCOUNT, _WRITE),
]
