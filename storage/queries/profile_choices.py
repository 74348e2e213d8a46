"""Which parts of a profile apps show, and which websites may name a person as an author."""

from typing import Any, Final

import orjson
from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Id
from storage.tables.profiles import profile_choices
from storage.tx import Tx


class ProfileChoices(Struct, frozen=True):
    """What somebody chose; the defaults hold for who chose nothing."""

    shows_media: bool = True
    shows_media_replies: bool = True
    shows_featured: bool = True
    credited_by: tuple[str, ...] = ()


_FIELDS: Final = ("shows_media", "shows_media_replies", "shows_featured", "credited_by")
_ACCOUNT: Final = bindparam("account_id", type_=Id)
_FIND: Select[*tuple[Any, ...]] = select(
    *(profile_choices.c[name] for name in _FIELDS),
).where(profile_choices.c.account_id == _ACCOUNT)
_NEW = insert(profile_choices).values(
    {"account_id": _ACCOUNT}
    | {name: bindparam(name, type_=profile_choices.c[name].type) for name in _FIELDS}
)
_PUT: Final = _NEW.on_conflict_do_update(
    index_elements=[profile_choices.c.account_id],
    set_={name: _NEW.excluded[name] for name in _FIELDS},
)
_FORGET: Final = delete(profile_choices).where(profile_choices.c.account_id == _ACCOUNT)


def find(tx: Tx, account_id: int) -> ProfileChoices:
    """What somebody chose."""
    row = tx.first(_FIND, account_id=account_id)
    if row is None:
        return ProfileChoices()
    media, replies, featured, sites = row
    return ProfileChoices(bool(media), bool(replies), bool(featured), tuple(orjson.loads(sites)))


def put(tx: Tx, account_id: int, choices: ProfileChoices) -> None:
    """Keep what somebody chose."""
    tx.run(
        _PUT,
        account_id=account_id,
        shows_media=choices.shows_media,
        shows_media_replies=choices.shows_media_replies,
        shows_featured=choices.shows_featured,
        credited_by=orjson.dumps(choices.credited_by),
    )


def forget(tx: Tx, account_id: int) -> None:
    """Forget it: they left for good."""
    tx.change(_FORGET, account_id=account_id)
