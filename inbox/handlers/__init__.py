"""One file per type of activity: `verify` says what it means and may mean, `receive` does it."""

from collections.abc import Mapping
from typing import Any, Final

from inbox.handlers import (
    accept,
    announce,
    create,
    delete,
    follow,
    invite,
    leave,
    like,
    offer,
    reject,
    undo,
    update,
)
from inbox.handlers.offer import or_about_agreements
from inbox.signed import Handler

HANDLERS: Final[Mapping[str, Handler[Any]]] = {
    "Accept": or_about_agreements(Handler(accept.verify, accept.receive)),
    "Announce": Handler(announce.verify, announce.receive),
    "Create": Handler(create.verify, create.receive, create.at_once),
    "Delete": Handler(delete.verify, delete.receive),
    "Follow": Handler(follow.verify, follow.receive),
    "Invite": Handler(invite.verify, invite.receive),
    "Join": Handler(follow.verify_join, follow.receive),
    "Leave": Handler(leave.verify, leave.receive),
    "Like": Handler(like.verify, like.receive),
    "Offer": offer.OFFER,
    "Reject": Handler(reject.verify, reject.receive),
    "Undo": or_about_agreements(Handler(undo.verify, undo.receive)),
    "Update": Handler(update.verify, update.receive),
}
"""Every type that has an effect here. Others are taken, and dropped with a reason."""
