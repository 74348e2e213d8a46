"""One file per type of activity: `verify` says what it means and may mean, `receive` does it."""

from collections.abc import Mapping
from typing import Any, Final

from inbox.handlers import accept, announce, create, delete, follow, like, reject, undo, update
from inbox.signed import Handler

HANDLERS: Final[Mapping[str, Handler[Any]]] = {
    "Accept": Handler(accept.verify, accept.receive),
    "Announce": Handler(announce.verify, announce.receive),
    "Create": Handler(create.verify, create.receive),
    "Delete": Handler(delete.verify, delete.receive),
    "Follow": Handler(follow.verify, follow.receive),
    "Like": Handler(like.verify, like.receive),
    "Reject": Handler(reject.verify, reject.receive),
    "Undo": Handler(undo.verify, undo.receive),
    "Update": Handler(update.verify, update.receive),
}
"""Every type that has an effect here. Others are taken, and dropped with a reason."""
