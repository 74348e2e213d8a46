"""Actors as they come in, with their keys.

An actor speaks for its own origin only (FEP-fe34): inbox and collections that lie elsewhere, and
keys that name another owner, are not believed.
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.capabilities import implemented
from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.emojis import emojis
from activitypub.parse.fields import (
    checked_id,
    flag,
    is_a,
    line,
    link,
    listed,
    moment,
    optional_reference,
    origin_of,
    references,
    types,
)
from domain.emojis import packed
from domain.handles import parse_acct
from domain.html import clean
from domain.kinds import ActorType, KeyType

ACTOR_TYPES: Final = {
    "Person": ActorType.PERSON,
    "Group": ActorType.GROUP,
    "Service": ActorType.SERVICE,
    "Application": ActorType.APPLICATION,
    "Organization": ActorType.ORGANIZATION,
}

MAX_KEYS: Final = 10  # as Mastodon (app/services/activitypub/process_account_service.rb)
MAX_FIELDS: Final = 16
MAX_ALIASES: Final = 32
LONGEST_NAME: Final = 300
LONGEST_SUMMARY: Final = 20_000
LONGEST_FIELD: Final = 2_000
LONGEST_KEY: Final = 4_096
LONGEST_TEXT: Final = 1_500
"""Characters of what is said to be on a picture."""

_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})


class KeyDocument(Struct, frozen=True, kw_only=True):
    """A public key as a document states it. `owner` is a claim, nothing more.

    `public`: PEM for RSA, multibase for Ed25519; not parsed yet.
    """

    id: str
    type: KeyType
    owner: str
    public: str


class ActorDocument(Struct, frozen=True, kw_only=True):
    """An actor as its own server describes it.

    `name` is plain text; `summary` and the values of `fields` are clean HTML. All addresses that
    we will talk to or compare with lie on the actor's own origin. `keys` name it as their owner.
    """

    id: str
    type: ActorType
    handle: str
    name: str
    summary: str
    fields: tuple[tuple[str, str], ...]
    url: str | None
    avatar: str | None
    header: str | None
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers: str | None
    following: str | None
    locked: bool
    discoverable: bool
    indexable: bool
    moved_to: str | None
    also_known_as: tuple[str, ...]
    published: int | None
    webfinger: str | None
    keys: tuple[KeyDocument, ...]
    featured: str | None = None
    emojis: bytes = b""  # as `actors.emojis`
    implements: frozenset[str] = frozenset()  # what its server says of itself (FEP-844e)
    avatar_text: str | None = None  # what is on the pictures, plain text
    header_text: str | None = None
    suspended: bool = False  # its own server hides it (Mastodon's `suspended`)


def parse_actor(document: JsonObject) -> ActorDocument:
    """Read an actor. Raises MalformedDocument with a reason safe to show."""
    uri = checked_id(document.get("id"), "the actor's id")
    origin = origin_of(uri)
    endpoints = document.get("endpoints")
    shared = endpoints.get("sharedInbox") if isinstance(endpoints, dict) else None
    return ActorDocument(
        id=uri,
        type=_actor_type(document),
        handle=_handle(document.get("preferredUsername")),
        name=line(document.get("name"), limit=LONGEST_NAME),
        summary=_html(document.get("summary"), LONGEST_SUMMARY),
        fields=_fields(document.get("attachment")),
        url=link(document.get("url")),
        avatar=_image(document.get("icon")),
        header=_image(document.get("image")),
        inbox=_inbox(document.get("inbox"), origin),
        shared_inbox=_own(shared, origin),
        outbox=_own(document.get("outbox"), origin),
        followers=_own(document.get("followers"), origin),
        following=_own(document.get("following"), origin),
        locked=flag(document.get("manuallyApprovesFollowers")),
        discoverable=flag(document.get("discoverable")),
        indexable=flag(document.get("indexable")),
        moved_to=optional_reference(document.get("movedTo")),
        also_known_as=references(document.get("alsoKnownAs"))[:MAX_ALIASES],
        published=moment(document.get("published")),
        webfinger=_webfinger(document.get("webfinger")),
        keys=_keys(document, uri),
        featured=_own(document.get("featured"), origin),
        emojis=packed(emojis(listed(document.get("tag")))),
        avatar_text=_image_text(document.get("icon")),
        header_text=_image_text(document.get("image")),
        implements=implemented(document),
        suspended=flag(document.get("suspended")),
    )


def is_actor(document: JsonObject) -> bool:
    """Whether one of the document's types is a kind of actor."""
    return any(name in ACTOR_TYPES for name in types(document))


def parse_key(document: JsonObject) -> KeyDocument:
    """Read a key that is a document of its own. Raises MalformedDocument."""
    key = _rsa(document) or _multikey(document)
    if key is None:
        raise MalformedDocument("this is neither an actor nor a key")
    return key


def _actor_type(document: JsonObject) -> ActorType:
    for name in types(document):
        if name in ACTOR_TYPES:
            return ACTOR_TYPES[name]
    raise MalformedDocument("this is not an actor")


def _handle(raw: Any) -> str:
    acct = parse_acct(raw) if isinstance(raw, str) else None
    if acct is None or acct.host is not None or acct.name != raw:
        raise MalformedDocument("the preferredUsername is missing or not a handle")
    return acct.name


def _webfinger(raw: Any) -> str | None:
    """`name@host` of FEP-2c59, a claim like any other."""
    acct = parse_acct(raw) if isinstance(raw, str) else None
    return None if acct is None or acct.host is None else str(acct)


def _inbox(raw: Any, origin: str) -> str:
    inbox = _own(raw, origin)
    if inbox is None:
        raise MalformedDocument("the inbox is missing or on another server")
    return inbox


def _own(raw: Any, origin: str) -> str | None:
    """An address on the actor's own origin, or None."""
    address = optional_reference(raw)
    return address if address is not None and origin_of(address) == origin else None


def _image(raw: Any) -> str | None:
    for item in listed(raw):
        found = link(item.get("url"), _IMAGES) if isinstance(item, dict) else link(item)
        if found is not None:
            return found
    return None


def _image_text(raw: Any) -> str | None:
    """What is on a picture: its `name`, as attachments have it, or its `summary`."""
    for item in listed(raw):
        if isinstance(item, dict):
            words = (line(item.get(name), limit=LONGEST_TEXT) for name in ("name", "summary"))
            return next(filter(None, words), None)
    return None


def _html(raw: Any, limit: int) -> str:
    return clean(raw, limit=limit) if isinstance(raw, str) else ""


def _fields(raw: Any) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for item in listed(raw):
        if is_a(item, "PropertyValue"):
            name = line(item.get("name"), limit=LONGEST_NAME)
            found.append((name, _html(item.get("value"), LONGEST_FIELD)))
    return tuple(found[:MAX_FIELDS])


def _keys(document: JsonObject, uri: str) -> tuple[KeyDocument, ...]:
    stated = [_rsa(item) for item in listed(document.get("publicKey"))]
    stated += [_multikey(item) for item in listed(document.get("assertionMethod"))]
    own = [key for key in stated if key is not None and key.owner == uri]
    origin = origin_of(uri)
    return tuple({key.id: key for key in own if origin_of(key.id) == origin}.values())[:MAX_KEYS]


def _rsa(raw: Any) -> KeyDocument | None:
    return _key(raw, KeyType.RSA, "owner", "publicKeyPem")


def _multikey(raw: Any) -> KeyDocument | None:
    return _key(raw, KeyType.ED25519, "controller", "publicKeyMultibase")


def _key(raw: Any, kind: KeyType, owner_name: str, public_name: str) -> KeyDocument | None:
    if not isinstance(raw, dict):
        return None
    public = raw.get(public_name)
    key_id, owner = optional_reference(raw.get("id")), optional_reference(raw.get(owner_name))
    if key_id is None or owner is None or not isinstance(public, str) or len(public) > LONGEST_KEY:
        return None
    return KeyDocument(id=key_id, type=kind, owner=owner, public=public)
