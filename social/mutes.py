"""Muting somebody: the muter does not come across their words any more. Nobody is told.

What that hides is asked wherever people come across something (`storage.audience.welcome`, and
`heard` for notifications); on their own page, and where somebody looks for them, they are as ever.
Members on plain servers, who get posts one by one, mute by the helper: `social.muting`.
"""

from typing import Final

from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import ActorType
from social.helper import is_helper
from storage.queries import actors, mutes
from storage.tx import Tx

LONGEST: Final = 100 * 365 * 24 * 3600
"""Seconds: what is longer has no end."""


def mute(
    tx: Tx, *, actor_id: int, other_id: int, notifications: bool = True, seconds: int = 0
) -> None:
    """Mute somebody, for so many seconds or (0) until it is taken back; again changes how.

    `notifications`: keep these away as well. The caller made sure that they may know of them.

    Raises:
        NotFound: there is nobody.
        NotAllowed: oneself, the helper, or a server's own actor.
        Invalid: a time that never comes.
    """
    other = actors.by_id(tx, other_id)
    if other is None:
        raise NotFound
    if actor_id == other_id:
        raise NotAllowed("Nobody mutes themselves")
    if other.type is ActorType.APPLICATION or is_helper(other):
        raise NotAllowed("What this account tells you is about your own account and communities")
    if seconds < 0:
        raise Invalid("A mute lasts for some seconds, or with 0 until you take it back", "duration")
    until = tx.now + seconds * 1000 if 0 < seconds <= LONGEST else None
    mutes.put(tx, actor_id, other_id, notifications=notifications, until=until)


def unmute(tx: Tx, *, actor_id: int, other_id: int) -> bool:
    """Take a mute back; whether there was one."""
    return mutes.remove(tx, actor_id, other_id)


def mutes_somebody(tx: Tx, actor_id: int, other_id: int) -> bool:
    """Whether the one mutes the other now."""
    return bool(mutes.among(tx, actor_id, [other_id]))
