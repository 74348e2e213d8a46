"""Direct posts as Mastodon's Conversation."""

from typing import TypedDict

from domain.audience import Viewer
from domain.node import Node
from storage.views.direct import Conversation as View
from web.mastodon.entities.accounts import Account, account
from web.mastodon.entities.formats import Id
from web.mastodon.entities.statuses import Status, ready, whole


class Conversation(TypedDict):
    """A thread of direct posts with the same people. Its id is its own, and no post's."""

    id: Id
    unread: bool
    accounts: list[Account]
    last_status: Status | None


def conversation(view: View, node: Node, viewer: Viewer) -> Conversation:
    """A Conversation with the newest post of it that the viewer may read."""
    return {
        "id": str(view.id),
        "unread": view.unread,
        "accounts": [account(other, node, viewer) for other in view.others],
        "last_status": ready(whole(view.last, node, viewer)),
    }
