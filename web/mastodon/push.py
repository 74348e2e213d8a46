"""Subscriptions to Web Push, one for each access token (Mastodon API `push/subscription`)."""

from functools import partial
from typing import Final

from aiohttp.web import StreamResponse
from msgspec.structs import replace

from domain.errors import Invalid
from domain.pushes import ALERTS, packed
from federation.web_push import BadKey, Recipient, read_auth, read_point
from social import pushing
from social.pushing import Device, Wish
from storage.queries import pushes
from storage.queries.pushes import Subscription
from storage.tx import Tx
from web.authentication import token_of
from web.call import Call
from web.mastodon.entities import push as entities
from web.mastodon.entities.formats import Nothing
from web.mastodon.entities.push import WebPushSubscription
from web.params import Params
from web.responses import empty, json
from web.routes import Access, Route, change, delete, get, post

_AUDIENCES: Final = {str(name): audience for audience, name in entities.POLICIES.items()}


async def create(call: Call) -> StreamResponse:
    """POST /api/v1/push/subscription: in place of the one that the token had."""
    sent = call.params.nested("subscription")
    endpoint = pushing.check_endpoint(call.services.fetcher, sent.text("endpoint"))
    sealed = call.services.web_push.seal(token_of(call.request, call.params) or "")
    device = Device(endpoint, _keys(sent), sealed)
    row = await call.write(
        pushing.subscribe,
        actor_id=call.person.actor_id,
        token_id=call.person.token_id,
        device=device,
        wish=_wish(call, Wish()),
    )
    return _shown(call, row)


def _keys(sent: Params) -> Recipient:
    keys = sent.nested("keys")
    try:
        point, auth = read_point(keys.text("p256dh")), read_auth(keys.text("auth"))
    except BadKey:
        raise Invalid("The keys of the subscription cannot be used", "keys") from None
    return Recipient(point, auth, sent.flag("standard"))


def _wish(call: Call, before: Wish) -> Wish:
    """What the app wants to be told of. What it does not speak of stays as it was."""
    data = call.params.nested("data")
    wish = before
    if "alerts" in data:
        alerts = data.nested("alerts")
        wish = replace(wish, alerts=packed([name for name in ALERTS if alerts.flag(name)]))
    policy = data.maybe("policy") or call.params.maybe("policy")
    if policy is None:
        return wish
    if policy not in _AUDIENCES:
        raise Invalid(f"policy must be one of {', '.join(_AUDIENCES)}", "policy")
    return replace(wish, audience=_AUDIENCES[policy])


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/push/subscription: 404 without one."""
    return _shown(call, await call.read(pushing.subscription, token_id=call.person.token_id))


async def update(call: Call) -> StreamResponse:
    """PUT /api/v1/push/subscription: of what the app is told, not where."""
    return _shown(call, await call.write(_update, call))


def _update(tx: Tx, call: Call) -> Subscription:
    return pushing.choose(tx, token_id=call.person.token_id, wanted=partial(_wish, call))


async def remove(call: Call) -> StreamResponse:
    """DELETE /api/v1/push/subscription: done also where there is none."""
    await call.write(pushes.remove, call.person.token_id)
    return empty()


def _shown(call: Call, row: Subscription) -> StreamResponse:
    return json(entities.web_push_subscription(row, call.node.push_key))


_PATH: Final = "/api/v1/push/subscription"
_PUSH: Final = (Access.ACCOUNT, "push")

ROUTES: list[Route] = [
    get(_PATH, show, *_PUSH, answers=WebPushSubscription),
    post(_PATH, create, *_PUSH, answers=WebPushSubscription),
    *change(_PATH, update, *_PUSH, answers=WebPushSubscription),
    delete(_PATH, remove, *_PUSH, answers=Nothing),
]
