"""A subscription to Web Push, as Mastodon's WebPushSubscription."""

from typing import Final, Literal, TypedDict, cast

from domain.pushes import Audience, unpacked
from storage.queries.pushes import Subscription
from web.mastodon.entities.formats import Address, Id

Policy = Literal["all", "followed", "follower", "none"]

Alerts = TypedDict(
    "Alerts",
    {
        "mention": bool,
        "status": bool,
        "reblog": bool,
        "follow": bool,
        "follow_request": bool,
        "favourite": bool,
        "poll": bool,
        "update": bool,
        "quote": bool,
        "quoted_update": bool,
        "admin.sign_up": bool,
        "admin.report": bool,
    },
)


class WebPushSubscription(TypedDict):
    """Where an app wants to be told, and of what."""

    id: Id
    endpoint: Address
    standard: bool
    alerts: Alerts
    policy: Policy
    server_key: str


POLICIES: Final[dict[Audience, Policy]] = {
    Audience.ALL: "all",
    Audience.FOLLOWED: "followed",
    Audience.FOLLOWER: "follower",
    Audience.NONE: "none",
}


def web_push_subscription(row: Subscription, push_key: str) -> WebPushSubscription:
    """One app's subscription; its keys are never told again."""
    return {
        "id": str(row.id),
        "endpoint": row.endpoint,
        "standard": row.standard,
        "alerts": cast("Alerts", unpacked(row.alerts)),
        "policy": POLICIES[row.audience],
        "server_key": push_key,
    }
