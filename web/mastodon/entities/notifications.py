"""What somebody was told, as Mastodon's Notification and NotificationGroup."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NotRequired, TypedDict, cast

import orjson

from domain import notifying
from domain.audience import Viewer
from domain.node import Node
from domain.notifying import NAMES, Name, Policy, Stance
from social.files import proxied
from storage.views.actors import ActorView
from storage.views.entries import Entry
from storage.views.held_back import RequestView, Waiting
from storage.views.notification_groups import GroupView
from storage.views.notifications import NotificationView
from web.mastodon.entities.accounts import MACHINES, Account, account
from web.mastodon.entities.formats import Address, Count, Id, Moment
from web.mastodon.entities.reports import Report, report
from web.mastodon.entities.statuses import Status, ready, whole
from web.mastodon.entities.times import moment


class Notification(TypedDict):
    """What happened to somebody."""

    id: Id
    type: Name
    created_at: Moment
    group_key: str
    account: Account
    status: NotRequired[Status]
    report: NotRequired[Report]
    target: NotRequired[Account]


class NotificationGroup(TypedDict):
    """Notifications that are shown as one."""

    group_key: str
    notifications_count: Count
    type: Name
    most_recent_notification_id: Count
    page_min_id: Id
    page_max_id: Id
    latest_page_notification_at: Moment
    sample_account_ids: list[Id]
    status_id: Id | None
    report: NotRequired[Report]
    target: NotRequired[Account]


class PartialAccount(TypedDict):
    """As much of somebody as a row of small pictures needs."""

    id: Id
    acct: str
    url: Address
    avatar: Address
    avatar_static: Address
    locked: bool
    bot: bool


class GroupedNotifications(TypedDict):
    """A page of groups, with the people and posts in them, each once."""

    accounts: list[Account]
    partial_accounts: list[PartialAccount]
    statuses: list[Status]
    notification_groups: list[NotificationGroup]


class Summary(TypedDict):
    """How much is held back."""

    pending_requests_count: Count
    pending_notifications_count: Count


StanceName = Literal["accept", "filter", "drop"]


class NotificationPolicy(TypedDict):
    """What somebody wants to be told by whom."""

    for_not_following: StanceName
    for_not_followers: StanceName
    for_new_accounts: StanceName
    for_private_mentions: StanceName
    for_limited_accounts: StanceName
    summary: Summary


class NotificationPolicyV1(TypedDict):
    """The same in the words of Mastodon 4.3's first drafts."""

    filter_not_following: bool
    filter_not_followers: bool
    filter_new_accounts: bool
    filter_private_mentions: bool
    summary: Summary


class NotificationRequest(TypedDict):
    """Somebody whose notifications are held back."""

    id: Id
    created_at: Moment
    updated_at: Moment
    notifications_count: str
    account: Account
    last_status: Status | None


class Merged(TypedDict):
    """Whether what was held back is in the list by now."""

    merged: bool


STANCES: Final[dict[Stance, StanceName]] = {
    Stance.ACCEPT: "accept",
    Stance.FILTER: "filter",
    Stance.DROP: "drop",
}


def group_key(view: NotificationView[Any]) -> str:
    """The group that a notification is in where its kind comes in groups."""
    return notifying.group_key(
        view.kind, identifier=view.id, post_id=view.post_id, made_at=view.created_at
    )


def told(
    views: Sequence[NotificationView[Entry]],
    statuses: Mapping[int, bytes],
    node: Node,
    viewer: Viewer,
) -> list[Notification]:
    """Notifications; everybody who is named in them is rendered once. `statuses`: by their id."""
    people = _rendered({view.sender.id: view.sender for view in views}, node, viewer)
    shown = {view.id: statuses.get(view.post.post_id) for view in views if view.post is not None}
    return [
        notification(view, people[view.sender.id], node, viewer, shown.get(view.id))
        for view in views
    ]


def _rendered(people: Mapping[int, ActorView], node: Node, viewer: Viewer) -> dict[int, Account]:
    """The Account of each, as bytes that are JSON already."""
    return {
        actor_id: cast("Account", ready(orjson.dumps(account(actor, node, viewer))))
        for actor_id, actor in people.items()
    }


def notification(
    view: NotificationView[Any], sender: Account, node: Node, viewer: Viewer, status: bytes | None
) -> Notification:
    """A Notification. `status`: the post that is meant, of a share what is shared, or nothing."""
    shown: Notification = {
        "id": str(view.id),
        "type": NAMES[view.kind],
        "created_at": moment(view.created_at),
        "group_key": group_key(view),
        "account": sender,
    }
    if view.target is not None:
        shown["target"] = account(view.target, node, viewer)
    if view.report is not None:
        shown["report"] = report(view.report, node, viewer)
    if status is not None:
        shown["status"] = ready(status)
    return shown


def group(view: GroupView, node: Node, viewer: Viewer) -> NotificationGroup:
    """A NotificationGroup. The newest id is a JSON number (mastodon-api.md §3)."""
    newest = view.newest
    shown: NotificationGroup = {
        "group_key": view.key,
        "notifications_count": view.count,
        "type": NAMES[newest.kind],
        "most_recent_notification_id": newest.id,
        "page_min_id": str(view.oldest_id),
        "page_max_id": str(newest.id),
        "latest_page_notification_at": moment(newest.created_at),
        "sample_account_ids": [str(sender.id) for sender in view.senders],
        "status_id": None if newest.post is None else str(newest.post.post_id),
    }
    if newest.target is not None:
        shown["target"] = account(newest.target, node, viewer)
    if newest.report is not None:
        shown["report"] = report(newest.report, node, viewer)
    return shown


def grouped(
    groups: Sequence[GroupView],
    statuses: Iterable[bytes],
    node: Node,
    viewer: Viewer,
    *,
    whole_people: bool = True,
) -> GroupedNotifications:
    """A page of groups, with the people and posts that they name, each once.

    Without `whole_people` only the newest of each group comes with all that is known of them, as
    Mastodon's `expand_accounts=partial_avatars` says.
    """
    people = {sender.id: sender for view in groups for sender in view.senders}
    first = {view.newest.sender.id: view.newest.sender for view in groups}
    full = first | people if whole_people else first
    return {
        "accounts": [account(actor, node, viewer) for actor in full.values()],
        "partial_accounts": [
            partial(actor, node) for actor in people.values() if actor.id not in full
        ],
        "statuses": [ready(status) for status in statuses],
        "notification_groups": [group(view, node, viewer) for view in groups],
    }


def partial(actor: ActorView, node: Node) -> PartialAccount:
    """As much of somebody as a row of small pictures needs."""
    avatar = proxied(node, actor.avatar or f"{node.origin}/static/avatar.png")
    return {
        "id": str(actor.id),
        "acct": actor.acct,
        "url": actor.url,
        "avatar": avatar,
        "avatar_static": avatar,
        "locked": actor.locked,
        "bot": actor.type in MACHINES,
    }


def policy(chosen: Policy, waiting: Waiting) -> NotificationPolicy:
    """What somebody wants to be told by whom, and how much is held back."""
    return {
        "for_not_following": STANCES[chosen.not_following],
        "for_not_followers": STANCES[chosen.not_followers],
        "for_new_accounts": STANCES[chosen.new_accounts],
        "for_private_mentions": STANCES[chosen.private_mentions],
        "for_limited_accounts": STANCES[chosen.limited_accounts],
        "summary": _summary(waiting),
    }


def policy_v1(chosen: Policy, waiting: Waiting) -> NotificationPolicyV1:
    """The older form, which knows of holding back alone."""
    return {
        "filter_not_following": chosen.not_following is not Stance.ACCEPT,
        "filter_not_followers": chosen.not_followers is not Stance.ACCEPT,
        "filter_new_accounts": chosen.new_accounts is not Stance.ACCEPT,
        "filter_private_mentions": chosen.private_mentions is not Stance.ACCEPT,
        "summary": _summary(waiting),
    }


def _summary(waiting: Waiting) -> Summary:
    return {
        "pending_requests_count": waiting.senders,
        "pending_notifications_count": waiting.notifications,
    }


def request(view: RequestView, node: Node, viewer: Viewer) -> NotificationRequest:
    """Somebody who waits to be heard. The count is text, as in Mastodon."""
    post = None if view.last_post is None else view.last_post.shown
    return {
        "id": str(view.id),
        "created_at": moment(view.created_at),
        "updated_at": moment(view.updated_at),
        "notifications_count": str(view.count),
        "account": account(view.sender, node, viewer),
        "last_status": None if post is None else ready(whole(post, node, viewer)),
    }
