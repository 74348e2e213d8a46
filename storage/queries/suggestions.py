"""Whom somebody does not want to be suggested again."""

from typing import Final

from sqlalchemy import bindparam, delete, or_
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id
from storage.tables.suggestions import dismissed_suggestions
from storage.tx import Tx

_ACTOR: Final = bindparam("actor_id", type_=Id)
_DISMISS: Final = (
    insert(dismissed_suggestions)
    .values(actor_id=_ACTOR, other_id=bindparam("other_id", type_=Id))
    .on_conflict_do_nothing()
)
_FORGET: Final = delete(dismissed_suggestions).where(
    or_(dismissed_suggestions.c.actor_id == _ACTOR, dismissed_suggestions.c.other_id == _ACTOR)
)


def dismiss(tx: Tx, actor_id: int, other_id: int) -> None:
    """Do not suggest this one again; again changes nothing."""
    tx.insert(_DISMISS, actor_id=actor_id, other_id=other_id)


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone."""
    tx.change(_FORGET, actor_id=actor_id)
