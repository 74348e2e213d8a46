"""Telling apps what happened through Web Push: jobs that ask every right again before they send.

A job holds two ids and no words. A message is sent at most once after a crash, by choice: a phone
that rings twice is worse than one that does not ring for a like.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial
from typing import Final

import orjson
import structlog
from msgspec import Struct

from domain.addresses import BadUrl, parse_url
from domain.errors import Invalid, NotFound
from domain.filters import Place
from domain.ids import notification_time_of
from domain.kinds import NotificationKind
from domain.node import Node
from domain.notifying import NAMES
from domain.pushes import LARGEST, Audience, bit_for, words_for
from domain.text import to_plain
from federation.client import Refused, Response, Unreachable, retry_after
from federation.fetcher import Fetcher
from federation.web_push import TTL_SECONDS, Message, Recipient, WebPush
from jobs.queue import Decision, Job, New, enqueue, enqueue_many
from jobs.worker import Each, Handler
from social.files import proxied
from social.scopes import covers
from social.signin import identify_token, viewer_of
from storage.queries import follows, pushes
from storage.queries.ids import new_id
from storage.queries.pushes import Subscription
from storage.tx import Tx
from storage.views import notifications
from storage.views.filtering import hidden_in
from storage.views.notifications import NotificationView
from storage.views.posts import PostView

log = structlog.get_logger("pushing")

PUSH: Final = "push"
"""The job that tells one app of one notification: subscription, notification, tries so far."""

SCOPE: Final = "push"
LOCALE: Final = "en"
LONGEST_ENDPOINT: Final = 2_000
MINUTE_MS: Final = 60_000
WAITS_MS: Final = (MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS, 360 * MINUTE_MS)
"""After how long a push service that could not be reached is asked again, and how often."""

_GONE: Final = frozenset({404, 410})
_LATER: Final = frozenset({408, 425, 429})


class Wish(Struct, frozen=True):
    """What an app wants to be told of, as it said: alerts in bits (domain.pushes)."""

    alerts: int = 0
    audience: Audience = Audience.ALL


class Device(Struct, frozen=True):
    """Where an app is told, checked; `sealed_token` lets it recognise its account."""

    endpoint: str
    keys: Recipient
    sealed_token: bytes


class Ready(Struct, frozen=True):
    """What is sent to one app now: JSON, still to be encrypted; `now` in ms."""

    subscription: Subscription
    plain: bytes
    now: int


def check_endpoint(fetcher: Fetcher, text: str) -> str:
    """The address of a push service, as it is asked. What it leads to is checked at each sending.

    Raises:
        Invalid: nothing may be sent there (F01).
    """
    problem = "The endpoint of the subscription cannot be used"
    if not text or len(text) > LONGEST_ENDPOINT:
        raise Invalid(problem, "endpoint")
    try:
        return str(fetcher.client.vet(text))
    except Unreachable:
        raise Invalid(problem, "endpoint") from None


def subscribe(tx: Tx, *, actor_id: int, token_id: int, device: Device, wish: Wish) -> Subscription:
    """Tell the app that holds this token from now on, and no more where it was told before."""
    row = Subscription(
        id=new_id(tx),
        token_id=token_id,
        actor_id=actor_id,
        endpoint=device.endpoint,
        p256dh=device.keys.p256dh,
        auth=device.keys.auth,
        standard=device.keys.standard,
        alerts=wish.alerts,
        audience=wish.audience,
        sealed_token=device.sealed_token,
        created_at=tx.now,
    )
    pushes.put(tx, row)
    return row


def choose(tx: Tx, *, token_id: int, wanted: Callable[[Wish], Wish]) -> Subscription:
    """Change what an app is told of: `wanted` makes the new wish of the one before.

    Raises:
        NotFound: the token has no subscription.
    """
    tx.lock(f"push {token_id}")
    before = subscription(tx, token_id=token_id)
    wish = wanted(Wish(before.alerts, before.audience))
    pushes.choose(tx, token_id, alerts=wish.alerts, audience=wish.audience)
    return subscription(tx, token_id=token_id)


def subscription(tx: Tx, *, token_id: int) -> Subscription:
    """The subscription of an access token. Raises NotFound."""
    found = pushes.of_token(tx, token_id)
    if found is None:
        raise NotFound
    return found


def tell_apps(tx: Tx, kind: NotificationKind, told: Collection[tuple[int, int]]) -> None:
    """Have those apps told that want to hear of such things.

    `told`: who was told something, and the id of that notification.
    """
    apps = pushes.wanting(tx, {actor_id for actor_id, _ in told}, bit_for(kind))
    new = [
        New(PUSH, [subscription_id, notification_id, 0])
        for actor_id, notification_id in told
        for subscription_id in apps.get(actor_id, ())
    ]
    enqueue_many(tx, new)


async def send(fetcher: Fetcher, push: WebPush, job: Job) -> Decision:
    """The job. Whatever ended meanwhile (account, token, right, wish) ends it silently (G37)."""
    subscription_id, notification_id, tries = job.payload
    ready = await fetcher.db.read(
        prepare, node=fetcher.node, push=push, ids=(subscription_id, notification_id)
    )
    if ready is None:
        return None
    to = ready.subscription
    try:
        message = _encrypted(push, ready)
        answer = await fetcher.client.post(to.endpoint, message.body, message.headers)
    except (BadUrl, Refused) as refused:
        log.info("a push was not sent", reason=str(refused))
        return None
    except Unreachable:
        answer = None
    await _settle(fetcher, to, notification_id, tries, answer)
    return None


def _encrypted(push: WebPush, ready: Ready) -> Message:
    to = ready.subscription
    keys = Recipient(to.p256dh, to.auth, to.standard)
    return push.message(keys, parse_url(to.endpoint), ready.plain, ready.now)


async def _settle(
    fetcher: Fetcher, to: Subscription, notification_id: int, tries: int, answer: Response | None
) -> None:
    """What the push service's answer means; None: there was none."""
    if answer is not None and answer.status in _GONE:
        await fetcher.db.write(pushes.gone, to.id, to.endpoint)
        return
    if answer is not None and answer.status < 500 and answer.status not in _LATER:
        if answer.status >= 300:
            log.info("a push was refused", status=answer.status)
        return
    if tries < len(WAITS_MS):
        wait = WAITS_MS[tries]
        if answer is not None:
            asked = retry_after(answer.headers.get("Retry-After"), now=datetime.now(UTC))
            wait = max(wait, (asked or 0) * 1000)
        again = [to.id, notification_id, tries + 1]
        await fetcher.db.write(_later, again, wait)


def _later(tx: Tx, payload: list[int], wait_ms: int) -> None:
    enqueue(tx, PUSH, payload, run_at=tx.now + wait_ms)


def prepare(tx: Tx, *, node: Node, push: WebPush, ids: tuple[int, int]) -> Ready | None:
    """What is sent, if it may be: every right and wish is asked now.

    `ids`: of the subscription and of the notification.
    """
    to = pushes.live(tx, ids[0])
    if to is None or notification_time_of(ids[1]) < tx.now - TTL_SECONDS * 1000:
        return None
    identity = identify_token(tx, to.token_id)
    if identity is None or not covers(identity.scopes, SCOPE):
        return None
    viewer = viewer_of(identity)
    if not notifications.is_visible(tx, viewer, ids[1]):
        return None
    try:
        view = notifications.one(tx, viewer, ids[1])
    except NotFound:
        return None
    if not _is_wanted(tx, to, view):
        return None
    plain = _payload(view, node, push.unseal(to.sealed_token))
    return Ready(to, plain, tx.now)


def _is_wanted(tx: Tx, to: Subscription, view: NotificationView[PostView]) -> bool:
    if not to.alerts & bit_for(view.kind):
        return False
    if view.post is not None and hidden_in(view.post, Place.NOTIFICATIONS):
        return False
    sender = view.sender.id
    match to.audience:
        case Audience.ALL:
            return True
        case Audience.FOLLOWED:
            return follows.is_following(tx, to.actor_id, sender)
        case Audience.FOLLOWER:
            return follows.is_following(tx, sender, to.actor_id)
        case _:
            return False


def _payload(view: NotificationView[PostView], node: Node, token: str) -> bytes:
    """What the app shows, in Mastodon's words. The id is a number there (mastodon-api.md §3)."""
    post = None if view.post is None else view.post.shown
    words = words_for(
        view.kind,
        name=view.sender.name or view.sender.handle,
        warning="" if post is None else post.row.summary or post.row.title,
        text=to_plain(view.sender.summary if post is None else post.row.content),
    )
    said: dict[str, object] = {
        "access_token": token,
        "preferred_locale": LOCALE,
        "notification_id": view.id,
        "notification_type": NAMES[view.kind],
        "icon": proxied(node, view.sender.avatar or f"{node.origin}/static/avatar.png"),
        "title": words.title,
        "body": words.body,
    }
    plain = orjson.dumps(said)
    if len(plain) > LARGEST:  # an address of a picture may be very long
        plain = orjson.dumps(said | {"icon": f"{node.origin}/static/avatar.png"})
    return plain


def job_handlers(fetcher: Fetcher, push: WebPush) -> dict[str, Handler]:
    """The kind of job, for the worker. One try: see above."""
    return {PUSH: Each(partial(send, fetcher, push), attempts=1, limit=32)}
