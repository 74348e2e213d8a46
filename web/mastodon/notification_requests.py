"""Of whom the caller wants to hear: the policy (v2 and v1), and requests of who is held back."""

from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import Invalid
from domain.notifying import Policy, Stance
from social import hearing
from storage.queries import policies
from storage.tx import Tx
from storage.views import held_back as views
from storage.views.held_back import Waiting
from web.call import Call
from web.mastodon.entities import notifications as entities
from web.mastodon.entities.formats import Nothing
from web.mastodon.entities.notifications import (
    Merged,
    NotificationPolicy,
    NotificationPolicyV1,
    NotificationRequest,
)
from web.mastodon.paging import PEOPLE, links, page_of
from web.responses import empty, json
from web.routes import Access, Route, change, get, post

_STANCES: Final[dict[str, Stance]] = {name: stance for stance, name in entities.STANCES.items()}
_RULES: Final = tuple(Policy.__struct_fields__)
# The older form has no word for limited accounts.
_V1_RULES: Final = ("not_following", "not_followers", "new_accounts", "private_mentions")


def _standing(tx: Tx, call: Call) -> tuple[Policy, Waiting]:
    return policies.of(tx, call.person.actor_id), views.waiting(tx, call.viewer)


async def policy(call: Call) -> StreamResponse:
    """GET /api/v2/notifications/policy."""
    return json(entities.policy(*await call.read(_standing, call)))


async def change_policy(call: Call) -> StreamResponse:
    """PUT and PATCH /api/v2/notifications/policy: what was sent changes, the rest stays."""
    sent = {f"for_{rule}": call.params.maybe(f"for_{rule}") for rule in _RULES}
    for name, value in sent.items():
        if value is not None and value not in _STANCES:
            raise Invalid(f"{name} must be accept, filter or drop", name)
    chosen = {rule: _STANCES[value] for rule in _RULES if (value := sent[f"for_{rule}"])}
    return json(entities.policy(*await call.write(_change, call, chosen)))


async def policy_v1(call: Call) -> StreamResponse:
    """GET /api/v1/notifications/policy, the older form."""
    return json(entities.policy_v1(*await call.read(_standing, call)))


async def change_policy_v1(call: Call) -> StreamResponse:
    """PUT and PATCH /api/v1/notifications/policy: held back or not."""
    sent = {rule: call.params.maybe_flag(f"filter_{rule}") for rule in _V1_RULES}
    chosen = {
        rule: Stance.FILTER if held else Stance.ACCEPT
        for rule, held in sent.items()
        if held is not None
    }
    return json(entities.policy_v1(*await call.write(_change, call, chosen)))


def _change(tx: Tx, call: Call, chosen: dict[str, Stance]) -> tuple[Policy, Waiting]:
    policy = hearing.change(tx, actor_id=call.person.actor_id, chosen=chosen)
    return policy, views.waiting(tx, call.viewer)


async def index(call: Call) -> StreamResponse:
    """GET /api/v1/notifications/requests."""
    found = await call.read(views.page, call.viewer, page_of(call, PEOPLE))
    shown = [entities.request(view, call.node, call.viewer) for view in found]
    return json(shown, headers=links(call, [view.id for view in found]))


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/notifications/requests/:id."""
    view = await call.read(views.request, call.viewer, call.id())
    return json(entities.request(view, call.node, call.viewer))


async def accept(call: Call) -> StreamResponse:
    """POST /api/v1/notifications/requests/:id/accept."""
    await call.write(_accept, call, [call.id()], each=True)
    return empty()


async def dismiss(call: Call) -> StreamResponse:
    """POST /api/v1/notifications/requests/:id/dismiss."""
    await call.write(_dismiss, call, [call.id()], each=True)
    return empty()


async def accept_several(call: Call) -> StreamResponse:
    """POST /api/v1/notifications/requests/accept."""
    await call.write(_accept, call, call.params.ids("id"), each=False)
    return empty()


async def dismiss_several(call: Call) -> StreamResponse:
    """POST /api/v1/notifications/requests/dismiss."""
    await call.write(_dismiss, call, call.params.ids("id"), each=False)
    return empty()


def _accept(tx: Tx, call: Call, ids: list[int], *, each: bool) -> None:
    hearing.accept(tx, actor_id=call.person.actor_id, request_ids=ids, each=each)


def _dismiss(tx: Tx, call: Call, ids: list[int], *, each: bool) -> None:
    hearing.dismiss(tx, actor_id=call.person.actor_id, request_ids=ids, each=each)


async def merged(_call: Call) -> StreamResponse:
    """GET /api/v1/notifications/requests/merged: accepting does it at once."""
    return json({"merged": True})


_V1: Final = "/api/v1/notifications"
_V2: Final = "/api/v2/notifications"
_READ: Final = (Access.ACCOUNT, "read:notifications")
_WRITE: Final = (Access.ACCOUNT, "write:notifications")

ROUTES: list[Route] = [
    get(f"{_V1}/policy", policy_v1, *_READ, answers=NotificationPolicyV1),
    *change(f"{_V1}/policy", change_policy_v1, *_WRITE, answers=NotificationPolicyV1),
    get(f"{_V2}/policy", policy, *_READ, answers=NotificationPolicy),
    *change(f"{_V2}/policy", change_policy, *_WRITE, answers=NotificationPolicy),
    get(f"{_V1}/requests", index, *_READ, answers=list[NotificationRequest]),
    get(f"{_V1}/requests/merged", merged, *_READ, answers=Merged),
    post(f"{_V1}/requests/accept", accept_several, *_WRITE, answers=Nothing),
    post(f"{_V1}/requests/dismiss", dismiss_several, *_WRITE, answers=Nothing),
    get(f"{_V1}/requests/{{id}}", show, *_READ, answers=NotificationRequest),
    post(f"{_V1}/requests/{{id}}/accept", accept, *_WRITE, answers=Nothing),
    post(f"{_V1}/requests/{{id}}/dismiss", dismiss, *_WRITE, answers=Nothing),
]
