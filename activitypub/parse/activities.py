"""Activities as they come in: the envelope, with the object still as it was sent.

The envelope is read strictly (security row O17): one type, one actor, one object, an id. What the
object means is read by the handler of the type, through `posts` and `actors`.
"""

import hashlib
from typing import Any, Final

from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.fields import (
    checked_id,
    line,
    moment,
    optional_reference,
    plain_type,
    reference,
    references,
)
from activitypub.parse.flags import Accusation, parse_flag
from activitypub.parse.polls import MOST_OPTIONS, is_vote
from activitypub.parse.reactions import LIKES, parse_reaction
from activitypub.vocabulary import CARDS, COPIES, ON_BEHALF_OF
from domain.reactions import PLAIN, Reaction

LONGEST_TYPE: Final = 128
#: What Mastodon sends without an id (app/serializers/activitypub/add_note_serializer.rb).
_NAMELESS: Final = frozenset({"Add", "Remove"})
_OURS: Final = (CARDS, COPIES, ON_BEHALF_OF)
#: What an Undo, Accept or Reject may hold inside, one level deep.
_LONGEST_REASON: Final = 2_000


class Activity(Struct, frozen=True, kw_only=True):
    """One activity. Ids are checked for their form only; `actor` is whoever it says.

    `object_id` is None where the object came without one (some servers' Undo), `embedded` is None
    where it came as an id only. `to`, `cc` and `audience` hold ids with Public in its one spelling;
    `bto` and `bcc` are not kept anywhere (O19). `ours` holds what was said in our own namespace, as
    it was sent; `hidden` the `bto` and `bcc` that came, the object's too, never to be stored: only
    so that a community can judge how wide words are already. `result_id` is the id of what came of
    it, `said_with` the emoji of a like, `instrument` what a QuoteRequest wants to quote with. In
    `more` are further objects of a Create of several votes: nothing else is about several.
    `is_nameless`: it came without an id, and `id` is one of ours, the same for the same words.
    `has_proof`: it says that it is proven (FEP-8b32).
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
    more: tuple[JsonObject, ...] = ()
    result_id: str | None = None
    said_with: Reaction = PLAIN
    instrument: JsonObject | str | None = None
    accusation: Accusation | None = None  # what a Flag is about
    context: str | None = None
    is_nameless: bool = False
    has_proof: bool = False

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
    said_with: Reaction = PLAIN
    instrument: str | None = None


def parse_activity(document: JsonObject) -> Activity:
    """Read the envelope of an activity. Raises MalformedDocument with a reason safe to show."""
    votes = _votes(document)
    flag = parse_flag(document)
    first = flag.about[0] if flag else votes[0] if votes else document.get("object")
    object_id, embedded = _object(first)
    target = document.get("target")
    kind = _one_type(document.get("type"))
    actor = checked_id(document.get("actor"), "the actor")
    is_nameless = kind in _NAMELESS and "id" not in document
    name = _own_name(actor, kind, object_id, target) if is_nameless else document.get("id")
    return Activity(
        id=checked_id(name, "the activity's id", fragment=True),
        type=kind,
        actor=actor,
        is_nameless=is_nameless,
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
        more=votes[1:],
        result_id=optional_reference(document.get("result")),
        context=optional_reference(document.get("context")),
        said_with=parse_reaction(document) if kind in LIKES else PLAIN,
        instrument=_instrument(document.get("instrument")),
        accusation=flag,
        has_proof="proof" in document,
    )


def _own_name(actor: str, kind: str, object_id: str | None, target: Any) -> str:
    """An id for an activity that came without one, the same for the same words."""
    said = hashlib.sha256(f"{object_id} {optional_reference(target)}".encode()).hexdigest()
    return f"{actor}#{kind.lower()}-{said[:32]}"


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
        said_with=parse_reaction(inside),
        instrument=optional_reference(inside.get("instrument")),
    )


def _result(raw: Any) -> JsonObject | None:
    """What came of it, where it is said as an object (our nodes: what a membership is like)."""
    return raw if isinstance(raw, dict) else None


def _instrument(raw: Any) -> JsonObject | str | None:
    """What it is done with: a whole object as it was sent, or an id (FEP-044f)."""
    return raw if isinstance(raw, dict) else optional_reference(raw)


def _hidden(document: JsonObject) -> tuple[str, ...]:
    if "bto" not in document and "bcc" not in document:
        return ()
    return references(document.get("bto")) + references(document.get("bcc"))


def _one_type(raw: Any) -> str:
    if not isinstance(raw, str) or not 0 < len(raw) <= LONGEST_TYPE:
        raise MalformedDocument("the type is not one name")
    return plain_type(raw)


def _votes(document: JsonObject) -> tuple[JsonObject, ...]:
    """The objects of a Create that brings several votes at once (GoToSocial does that)."""
    raw = document.get("object")
    if document.get("type") != "Create" or not isinstance(raw, list) or len(raw) < 2:
        return ()
    votes = [one for one in raw[:MOST_OPTIONS] if isinstance(one, dict) and is_vote(one)]
    return tuple(votes) if len(votes) == len(raw) else ()


def _object(raw: Any) -> tuple[str | None, JsonObject | None]:
    if isinstance(raw, list) and len(raw) == 1:
        raw = raw[0]
    if isinstance(raw, str):
        return checked_id(raw, "the object", fragment=True), None
    if not isinstance(raw, dict):
        raise MalformedDocument("the object is neither an id nor an object")
    named = raw.get("id")
    return None if named is None else checked_id(named, "the object's id", fragment=True), raw
