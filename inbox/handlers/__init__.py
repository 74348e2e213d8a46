"""One file per type of activity: `verify` says what it means and may mean, `receive` does it."""

from collections.abc import Mapping
from typing import Any, Final

from inbox.handlers import (
    accept,
    add,
    announce,
    block,
    create,
    delete,
    flag,
    follow,
    invite,
    leave,
    like,
    move,
    offer,
    quote_request,
    reject,
    remove,
    undo,
    update,
)
from inbox.handlers.moderation import LOCK, or_moderating
from inbox.handlers.offer import or_about_agreements
from inbox.passing_on import passing_on
from inbox.signed import Handler

HANDLERS: Final[Mapping[str, Handler[Any]]] = {
    "Accept": or_about_agreements(Handler(accept.verify, accept.receive)),
    "Add": or_moderating(Handler(add.verify, add.receive)),
    "Announce": Handler(announce.verify, announce.receive),
    "Block": or_moderating(Handler(block.verify, block.receive)),
    "Create": passing_on(Handler(create.verify, create.receive, create.at_once)),
    "Delete": or_moderating(passing_on(Handler(delete.verify, delete.receive))),
    "EmojiReact": passing_on(Handler(like.verify, like.receive)),
    "Flag": Handler(flag.verify, flag.receive),
    "Follow": Handler(follow.verify, follow.receive),
    "Invite": Handler(invite.verify, invite.receive),
    "Join": Handler(follow.verify_join, follow.receive),
    "Leave": Handler(leave.verify, leave.receive),
    "Like": passing_on(Handler(like.verify, like.receive)),
    "Lock": or_moderating(LOCK),
    "Move": Handler(move.verify, move.receive),
    "Offer": offer.OFFER,
    "QuoteRequest": Handler(quote_request.verify, quote_request.receive),
    "Reject": Handler(reject.verify, reject.receive),
    "Remove": or_moderating(Handler(remove.verify, remove.receive)),
    "Undo": or_about_agreements(or_moderating(passing_on(Handler(undo.verify, undo.receive)))),
    "Update": passing_on(Handler(update.verify, update.receive)),
}
"""Every type that has an effect here. Others are taken, and dropped with a reason."""
