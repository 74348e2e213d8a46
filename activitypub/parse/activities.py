"""Activities as they come in: the envelope, with the object still as it was sent.

The envelope is read strictly (security row O17): one type, one actor, one object, an id. What the
object means is read by the handler of the type, through `posts` and `actors`.
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.fields import checked_id, line, moment, plain_type, reference, references
from activitypub.vocabulary import CARDS, COPIES, ON_BEHALF_OF

LONGEST_TYPE: Final = 128
_OURS: Final = (CARDS, COPIES, ON_BEHALF_OF)
#: What an Undo, Accept or Reject may hold inside, one level deep.
_LONGEST_REASON: Final = 2_000


class Activity(Struct, frozen=True, kw_only=True):
    """One activity. Ids are checked for their form only; `actor` is whoever it says.

    `object_id` is None where the object came without one (some servers' Undo), `embedded` is None
    where it came as an id only. `to`, `cc` and `audience` hold ids with Public in its one spelling;
    `bto` and `bcc` are not kept anywhere (O19). `ours` holds what was said in our own namespace, as
    it was sent; `hidden` the `bto` and `bcc` that came, the object's too, never to be stored: only
    so that a community can judge how wide words are already.
    """

    id: str
    type: str
    actor: str
    object_id: str | None
    embedded: JsonObject | None
    target: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    audience: tuple[str, ...]
    published: int | None
    summary: str
    result: JsonObject | None = None
    ours: JsonObject = {}
    hidden: tuple[str, ...] = ()

    @property
    def addressees(self) -> tuple[str, ...]:
        """Everybody addressed, once each."""
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.audience)))


class Inner(Struct, frozen=True, kw_only=True):
    """The activity inside an Undo, Accept or Reject: whatever of it was sent.

    Servers differ: some send the whole activity, some its id alone, some everything but the id.
    """

    id: str | None
    type: str | None
    actor: str | None
    object_id: str | None


def parse_activity(document: JsonObject) -> Activity:
    """Read the envelope of an activity. Raises MalformedDocument with a reason safe to show."""
    object_id, embedded = _object(document.get("object"))
    target = document.get("target")
    return Activity(
        id=checked_id(document.get("id"), "the activity's id", fragment=True),
        type=_one_type(document.get("type")),
        actor=checked_id(document.get("actor"), "the actor"),
        object_id=object_id,
        embedded=embedded,
        target=None if target is None else reference(target, "the target", fragment=True),
        to=references(document.get("to")),
        cc=references(document.get("cc")),
        audience=references(document.get("audience")),
        published=moment(document.get("published")),
        summary=line(document.get("summary"), limit=_LONGEST_REASON),
        result=_result(document.get("result")),
        ours={name: document[name] for name in _OURS if name in document},
        hidden=_hidden(document) + _hidden(embedded or {}),
    )


def inner_activity(activity: Activity) -> Inner:
    """What `activity` says of the activity that it is about. Raises MalformedDocument."""
    inside = activity.embedded
    if inside is None:
        return Inner(id=activity.object_id, type=None, actor=None, object_id=None)
    actor, about = inside.get("actor"), inside.get("object")
    return Inner(
        id=activity.object_id,
        type=_one_type(inside.get("type")),
        actor=None if actor is None else reference(actor, "the inner actor"),
        object_id=None if about is None else reference(about, "the inner object", fragment=True),
    )


def _result(raw: Any) -> JsonObject | None:
    """What came of it, where it is said as an object (our nodes: what a membership is like)."""
    return raw if isinstance(raw, dict) else None


def _hidden(document: JsonObject) -> tuple[str, ...]:
    return references(document.get("bto")) + references(document.get("bcc"))


def _one_type(raw: Any) -> str:
    if not isinstance(raw, str) or not 0 < len(raw) <= LONGEST_TYPE:
        raise MalformedDocument("the type is not one name")
    return plain_type(raw)


def _object(raw: Any) -> tuple[str | None, JsonObject | None]:
    if isinstance(raw, list) and len(raw) == 1:
        raw = raw[0]
    if isinstance(raw, str):
        return checked_id(raw, "the object", fragment=True), None
    if not isinstance(raw, dict):
        raise MalformedDocument("the object is neither an id nor an object")
    named = raw.get("id")
    return None if named is None else checked_id(named, "the object's id", fragment=True), raw
