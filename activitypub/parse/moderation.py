"""What moderators of a group say, as Lemmy and its kin write it (FEP-1b12).

A Delete, Lock, Block, Add or Remove, or the Undo of one of these. Whether somebody may say it is
asked elsewhere: by the same words an author deletes a post, and a person blocks another.
"""

from typing import Final

from msgspec import Struct

from activitypub.json import JsonObject
from activitypub.parse.activities import LONGEST_TYPE
from activitypub.parse.fields import (
    flag,
    line,
    moment,
    optional_reference,
    plain_type,
)

KINDS: Final = frozenset({"Delete", "Lock", "Block", "Add", "Remove"})
_LONGEST_REASON: Final = 500


class Act(Struct, frozen=True, kw_only=True):
    """An act of moderation. `kind` is what is done or, with `undo`, taken back.

    `about` is the post or the person; `target` the community, or a collection of it. `until` is in
    ms UTC, None: for good.
    """

    kind: str
    undo: bool
    about: str
    target: str | None
    reason: str
    remove_posts: bool
    until: int | None


def parse_act(document: JsonObject) -> Act | None:
    """Read an activity as an act of moderation; None: it can be none."""
    kind, inner = _type(document), document
    undo = kind == "Undo"
    if undo:
        found = document.get("object")
        inner = found if isinstance(found, dict) else {}
        kind = _type(inner)
    about = optional_reference(inner.get("object"))
    if kind not in KINDS or about is None:
        return None
    if undo and kind in {"Add", "Remove"}:
        return None
    return Act(
        kind=kind,
        undo=undo,
        about=about,
        target=optional_reference(inner.get("target")),
        reason=line(inner.get("summary"), limit=_LONGEST_REASON),
        remove_posts=flag(inner.get("removeData")),
        until=moment(inner.get("endTime") or inner.get("expires")),
    )


def _type(document: JsonObject) -> str:
    raw = document.get("type")
    return plain_type(raw) if isinstance(raw, str) and len(raw) <= LONGEST_TYPE else ""
