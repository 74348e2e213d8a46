"""Posts that appear later: written, listed, moved to another moment, taken back."""

from collections.abc import Sequence
from typing import Final

from aiohttp.web import StreamResponse

from domain import later
from domain.errors import Invalid
from social import scheduling
from social.placing import Draft
from storage.queries import scheduled as stored
from storage.queries.files import of_scheduled
from storage.queries.scheduled import ScheduledRow
from storage.tx import Tx
from storage.views.paging import Page
from web.call import Call
from web.mastodon.entities.formats import Nothing
from web.mastodon.entities.scheduled import ScheduledStatus
from web.mastodon.entities.scheduled import scheduled as entity
from web.mastodon.paging import links, page_of
from web.responses import empty, json
from web.routes import Access, Route, change, delete, get

NAME: Final = "scheduled_at"


def keep(tx: Tx, *, call: Call, draft: Draft, due_at: int) -> int:
    """Keep a new post until its moment (POST /api/v1/statuses with `scheduled_at`); its id.

    With a key that was used within the hour, the id of what it stands for.
    """
    author = call.person.actor_id
    return scheduling.schedule(tx, node=call.node, author_id=author, draft=draft, due_at=due_at)


def waiting(tx: Tx, *, call: Call, scheduled_id: int) -> ScheduledStatus | None:
    """What waits under this id for the caller, if there is such a thing."""
    row = stored.own(tx, call.person.actor_id, scheduled_id)
    return None if row is None else _shown(tx, call, [row])[0]


def _shown(tx: Tx, call: Call, rows: Sequence[ScheduledRow]) -> list[ScheduledStatus]:
    files = of_scheduled(tx, [row.id for row in rows])
    return [entity(row, scheduling.draft_of(row), files.get(row.id, ()), call.node) for row in rows]


async def listed(call: Call) -> StreamResponse:
    """GET /api/v1/scheduled_statuses."""
    found, shown = await call.read(_listed, call=call, page=page_of(call))
    return json(shown, headers=links(call, found))


def _listed(tx: Tx, *, call: Call, page: Page) -> tuple[list[int], list[ScheduledStatus]]:
    rows = stored.page(tx, call.person.actor_id, page)
    return [row.id for row in rows], _shown(tx, call, rows)


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/scheduled_statuses/:id."""
    return json(await call.read(_show, call=call))


def _show(tx: Tx, *, call: Call) -> ScheduledStatus:
    row = scheduling.own(tx, author_id=call.person.actor_id, scheduled_id=call.id())
    return _shown(tx, call, [row])[0]


async def move(call: Call) -> StreamResponse:
    """PUT /api/v1/scheduled_statuses/:id: another moment, and nothing else."""
    sent = call.params.maybe(NAME)
    if sent is None:
        raise Invalid("scheduled_at is missing", NAME)
    return json(await call.write(_move, call=call, due_at=later.moment(sent)))


def _move(tx: Tx, *, call: Call, due_at: int) -> ScheduledStatus:
    author = call.person.actor_id
    row = scheduling.reschedule(tx, author_id=author, scheduled_id=call.id(), due_at=due_at)
    return _shown(tx, call, [row])[0]


async def cancel(call: Call) -> StreamResponse:
    """DELETE /api/v1/scheduled_statuses/:id."""
    await call.write(scheduling.cancel, author_id=call.person.actor_id, scheduled_id=call.id())
    return empty()


_ALL: Final = "/api/v1/scheduled_statuses"
_ONE: Final = f"{_ALL}/{{id}}"

ROUTES: list[Route] = [
    get(_ALL, listed, Access.ACCOUNT, "read:statuses", answers=list[ScheduledStatus]),
    get(_ONE, show, Access.ACCOUNT, "read:statuses", answers=ScheduledStatus),
    *change(_ONE, move, Access.ACCOUNT, "write:statuses", answers=ScheduledStatus),
    delete(_ONE, cancel, Access.ACCOUNT, "write:statuses", answers=Nothing),
]
