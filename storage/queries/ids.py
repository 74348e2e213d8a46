"""Ids for new rows, from the one source of this process."""

from collections.abc import Sequence
from typing import Final

from domain.ids import RANDOM_BITS, IdSource, random_bits, snowflake, time_of
from storage.tx import Tx

_SOURCE: Final = IdSource()

#: Milliseconds: most servers tell whole seconds, and a delivery takes a moment.
_JUST_NOW: Final = 2_000


def new_id(tx: Tx) -> int:
    """A snowflake for the present: posts, local accounts, and whatever else orders by time."""
    return _SOURCE.new(tx.now)


def new_ids(tx: Tx, count: int) -> list[int]:
    """So many of them, in rising order."""
    return _SOURCE.many(tx.now, count)


def id_at(tx: Tx, made_at: int) -> int:
    """A snowflake for something made elsewhere at `made_at`, or now if that is just now or ahead.

    What is fresh stands in the order in which it came: a reader who asks for what is newer than
    the last page misses nothing. What arrives late stands where it belongs in time. Two of one
    millisecond may get the same id (1 in 65,536): the caller asks again if the primary key
    refuses it.
    """
    return new_id(tx) if made_at > tx.now - _JUST_NOW else _past_id(made_at)


def ids_at(tx: Tx, made_at: Sequence[int]) -> list[int]:
    """The same for many, in their order."""
    past = tx.now - _JUST_NOW
    fresh = iter(new_ids(tx, sum([at > past for at in made_at])))
    return [next(fresh) if at > past else _past_id(at) for at in made_at]


def _past_id(made_at: int) -> int:
    return snowflake(max(0, made_at), random_bits(RANDOM_BITS))


def may_be_taken(tx: Tx, identifier: int) -> bool:
    """Whether `id_at` made it for a past moment: one of the present is beyond all before it here.

    With one of another process it collides once in 65,536 for each pair of a millisecond: then the
    primary key refuses it.
    """
    return time_of(identifier) <= tx.now - _JUST_NOW


def new_notification_id(tx: Tx) -> int:
    """A notification's id, below 2**53."""
    return _SOURCE.new_notification(tx.now)


def new_notification_ids(tx: Tx, count: int) -> list[int]:
    """So many of them, in rising order."""
    return _SOURCE.many_notifications(tx.now, count)
