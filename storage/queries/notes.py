"""What somebody wrote about somebody else, for their own eyes."""

from typing import Final

from sqlalchemy import BindParameter, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id, any_of
from storage.tables.relations import notes
from storage.tx import Tx

_ME: Final = bindparam("actor_id", type_=Id)
_ABOUT: Final = bindparam("about_id", type_=Id)
_TEXT: BindParameter[str] = bindparam("text")
_PUT: Final = (
    insert(notes)
    .values(actor_id=_ME, about_id=_ABOUT, text=_TEXT)
    .on_conflict_do_update(
        index_elements=[notes.c.actor_id, notes.c.about_id], set_={"text": _TEXT}
    )
)
_REMOVE: Final = delete(notes).where(notes.c.actor_id == _ME, notes.c.about_id == _ABOUT)
_AMONG: Final = select(notes.c.about_id, notes.c.text).where(
    notes.c.actor_id == _ME, any_of(notes.c.about_id, "ids")
)
_COPY: Final = (
    insert(notes)
    .from_select(
        ["actor_id", "about_id", "text"],
        select(notes.c.actor_id, bindparam("to_id", type_=Id), notes.c.text).where(
            notes.c.about_id == bindparam("from_id", type_=Id),
            notes.c.actor_id != bindparam("to_id", type_=Id),
        ),
    )
    .on_conflict_do_nothing()
)
_FORGET: Final = delete(notes).where(or_(notes.c.actor_id == _ME, notes.c.about_id == _ME))


def put(tx: Tx, actor_id: int, about_id: int, text: str) -> None:
    """Keep a note in the place of what was there; empty text removes it."""
    if text:
        tx.run(_PUT, actor_id=actor_id, about_id=about_id, text=text)
    else:
        tx.change(_REMOVE, actor_id=actor_id, about_id=about_id)


def among(tx: Tx, actor_id: int, about_ids: list[int]) -> dict[int, str]:
    """What somebody noted about these."""
    return dict(tx.all(_AMONG, actor_id=actor_id, ids=about_ids))


def copy(tx: Tx, *, from_id: int, to_id: int) -> None:
    """Somebody is known by another account from now on: what was noted about them goes along."""
    tx.run(_COPY, from_id=from_id, to_id=to_id)


def forget(tx: Tx, actor_id: int) -> None:
    """Somebody is gone: so is what they noted, and what was noted about them."""
    tx.change(_FORGET, actor_id=actor_id)
