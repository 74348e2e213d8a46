"""What somebody was told, as Mastodon's Notification and NotificationGroup."""

from typing import Final

import orjson

from domain.audience import Viewer
from domain.kinds import NotificationKind
from domain.node import Node
from storage.views.notifications import NotificationView
from storage.views.posts import PostView
from web.mastodon.entities.accounts import JsonDict, account
from web.mastodon.entities.reports import report
from web.mastodon.entities.statuses import whole
from web.mastodon.entities.times import moment

TYPES: Final = {
    NotificationKind.MENTION: "mention",
    NotificationKind.SHARE: "reblog",
    NotificationKind.LIKE: "favourite",
    NotificationKind.FOLLOW: "follow",
    NotificationKind.FOLLOW_REQUEST: "follow_request",
    NotificationKind.EDIT: "update",
    NotificationKind.POLL: "poll",
    NotificationKind.QUOTE: "quote",
    NotificationKind.QUOTED_EDIT: "quoted_update",
    NotificationKind.REPORT: "admin.report",
    NotificationKind.MOVED: "move",  # Pleroma's, with `target`: Mastodon tells nobody
    # Clients know no type for a notice of the node: it comes as a new post of the helper's.
    NotificationKind.NOTICE: "status",
}


def group_key(view: NotificationView) -> str:
    """The group that a notification is in: each is alone for now, which clients know."""
    return f"ungrouped-{view.id}"


def post_of(view: NotificationView) -> PostView | None:
    """The post that is shown with it: of a share, the words that were shared."""
    return None if view.post is None else view.post.shown


def notification(view: NotificationView, node: Node, viewer: Viewer) -> JsonDict:
    """A Notification, with its post if one is meant."""
    shown: JsonDict = {
        "id": str(view.id),
        "type": TYPES[view.kind],
        "created_at": moment(view.created_at),
        "group_key": group_key(view),
        "account": account(view.sender, node, viewer),
    }
    if view.target is not None:
        shown["target"] = account(view.target, node, viewer)
    if view.report is not None:
        shown["report"] = report(view.report, node, viewer)
    post = post_of(view)
    if post is not None:
        shown["status"] = orjson.Fragment(whole(post, node, viewer))
    return shown


def group(view: NotificationView) -> JsonDict:
    """A NotificationGroup of one. The newest id is a JSON number (mastodon-api.md §3)."""
    post = post_of(view)
    return {
        "group_key": group_key(view),
        "notifications_count": 1,
        "type": TYPES[view.kind],
        "most_recent_notification_id": view.id,
        "page_min_id": str(view.id),
        "page_max_id": str(view.id),
        "latest_page_notification_at": moment(view.created_at),
        "sample_account_ids": [str(view.sender.id)],
        "status_id": None if post is None else str(post.id),
    }


def grouped(views: list[NotificationView], node: Node, viewer: Viewer) -> JsonDict:
    """A page of groups, with the people and posts that they name, each once."""
    people = {view.sender.id: view.sender for view in views}
    posts = {post.id: post for view in views if (post := post_of(view)) is not None}
    return {
        "accounts": [account(actor, node, viewer) for actor in people.values()],
        "partial_accounts": [],
        "statuses": [orjson.Fragment(whole(post, node, viewer)) for post in posts.values()],
        "notification_groups": [group(view) for view in views],
    }
