"""Reading single members of a plain JSON document: one value or a list, an object or its id.

Peers differ in what they put where (a list of one, an object instead of its id, `as:Public`), so
every member is read through here. What cannot be meant honestly (a number as an id, ten thousand
addressees) raises `MalformedDocument`; `activitypub.json` has refused documents that re-shape
themselves before.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from activitypub.json import PUBLIC, PUBLIC_SPELLINGS, MalformedDocument
from domain.addresses import BadUrl, parse_url
from domain.html import clean_inline

#: Entries of any list. A longer one is no post but an attack (D07).
LONGEST_LIST: Final = 1_000
LONGEST_ID: Final = 2_048
LONGEST_TYPE: Final = 128

_NAMESPACES: Final = ("https://www.w3.org/ns/activitystreams#", "as:")
#: What nearly every id looks like, and `parse_url` would leave as it is: an origin (asked of it
#: once), plain segments that are no dots, perhaps a plain fragment. Three times as fast.
_PLAIN: Final = re.compile(
    r"(https?://[a-z0-9.:-]{1,253})"
    r"(?:/[A-Za-z0-9_@~=-]++(?:\.[A-Za-z0-9_@~=-]++)*+)++(?:#[A-Za-z0-9_/-]++)?"
)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}")
_FAR: Final = 253_402_300_799_000  # the end of the year 9999, in ms


def listed(raw: Any) -> list[Any]:
    """One value or a list as a list; nulls are dropped. Longer than LONGEST_LIST is refused.

    It may be the list itself: not to be changed.
    """
    if raw is None:
        return []
    if not isinstance(raw, list):
        return [raw]
    if len(raw) > LONGEST_LIST:
        raise MalformedDocument("a list is too long")
    return [item for item in raw if item is not None] if None in raw else raw


def plain_type(name: str) -> str:
    """A type without its namespace."""
    if ":" not in name:
        return name
    for space in _NAMESPACES:
        if name.startswith(space):
            return name[len(space) :]
    return name


def types(document: Mapping[str, Any]) -> list[str]:
    """All types of an object, without namespaces. Refuses a document without any."""
    raw = document.get("type")
    if isinstance(raw, str) and len(raw) <= LONGEST_TYPE:
        return [plain_type(raw)]
    names = [name for name in listed(raw) if isinstance(name, str)]
    if not names or len(names) > 16 or max(map(len, names)) > LONGEST_TYPE:
        raise MalformedDocument("the type is missing or not a name")
    return [plain_type(name) for name in names]


def kinds(thing: Any) -> list[str]:
    """The types of something beside an object, without namespaces; none of what is no object."""
    raw = thing.get("type") if isinstance(thing, dict) else None
    if isinstance(raw, str):
        return [plain_type(raw)]
    return [plain_type(name) for name in listed(raw) if isinstance(name, str)]


def is_a(thing: Any, name: str) -> bool:
    """Whether something is an object of this type, spelled like this."""
    raw = thing.get("type") if isinstance(thing, dict) else None
    return raw == name if isinstance(raw, str) else name in listed(raw)


def checked_id(raw: Any, what: str, *, fragment: bool = False) -> str:
    """`raw` if it is an http(s) URL in its one spelling; a fragment only where it may have one.

    Activities of several servers are numbered by fragments (`…/users/ana#likes/3`); actors and
    posts are documents and have none (O17).
    """
    if not isinstance(raw, str) or not raw or len(raw) > LONGEST_ID:
        raise MalformedDocument(f"{what} is not an id")
    _, fault = _looked_at(raw)
    if fault:
        raise MalformedDocument(f"{what} {fault}")
    if not fragment and "#" in raw:
        raise MalformedDocument(f"{what} has a fragment")
    return raw


def origin_of(checked: str) -> str:
    """`scheme://host[:port]` of an id that was checked before."""
    origin, fault = _looked_at(checked)
    if fault:
        raise MalformedDocument(f"the id {fault}")
    return origin


@lru_cache(maxsize=8_192)
def _looked_at(raw: str) -> tuple[str, str]:
    """An id's origin, and what is wrong with it. The same ids come again and again."""
    plain = _PLAIN.fullmatch(raw)
    if plain is not None and _is_origin(plain[1]):
        return plain[1], ""
    try:
        origin = parse_url(raw).origin
    except BadUrl as problem:
        return "", f"is not a usable address: {problem.reason}"
    rest = raw[len(origin) :]
    if not raw.startswith(origin) or (rest and rest[0] not in "/?#"):
        return "", "spells its host in an unusual way"
    return origin, ""


@lru_cache(maxsize=2_048)
def _is_origin(text: str) -> bool:
    """Whether `text` is an origin in its one spelling."""
    try:
        return parse_url(text).origin == text
    except BadUrl:
        return False


def reference(raw: Any, what: str, *, fragment: bool = False) -> str:
    """The id of something given as an id, as an object, or as a list with just one of them."""
    return checked_id(_named(raw), what, fragment=fragment)


def optional_reference(raw: Any) -> str | None:
    """The id of something given as an id or object; None for anything that is not one."""
    if raw is None:
        return None
    named = _named(raw)
    return named if isinstance(named, str) and _is_id(named) else None


def _named(raw: Any) -> Any:
    """What may be the id of something given as an id, as an object, or as a list of just one."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, list) and len(raw) == 1:
        raw = raw[0]
    return raw.get("id") if isinstance(raw, dict) else raw


def _is_id(text: str) -> bool:
    """Whether `checked_id` takes it, with a fragment or without."""
    return 0 < len(text) <= LONGEST_ID and not _looked_at(text)[1]


def references(raw: Any) -> tuple[str, ...]:
    """Ids out of one id, object or list of them, in order and once each; others are dropped.

    Every spelling of Public becomes the one. Who is dropped is nobody: an addressee that is no
    id cannot read anything (O18).
    """
    if raw is None:
        return ()
    found: dict[str, None] = {}
    for item in listed(raw):
        named = item.get("id") if isinstance(item, dict) else item
        if not isinstance(named, str):
            continue
        if named in PUBLIC_SPELLINGS:
            found[PUBLIC] = None
        elif _is_id(named):
            found[named] = None
    return tuple(found)


def link(raw: Any, kinds: frozenset[str] = frozenset({"text/html"})) -> str | None:
    """The best address out of a string, a Link or a list of both; prefers the media types asked.

    Only http(s) addresses; None if there is none.
    """
    if raw is None or isinstance(raw, str):
        return optional_reference(raw)
    fallback: str | None = None
    for item in listed(raw):
        href = (item.get("href") or item.get("url")) if isinstance(item, dict) else item
        href = optional_reference(href)
        if href is None:
            continue
        if isinstance(item, dict) and item.get("mediaType") in kinds:
            return href
        fallback = fallback or href
    return fallback


def line(raw: Any, *, limit: int) -> str:
    """One line of plain text; anything but a string is empty."""
    return clean_inline(raw, limit=limit) if isinstance(raw, str) else ""


def flag(raw: Any, *, default: bool = False) -> bool:
    """True or false; anything else is the default."""
    return raw if isinstance(raw, bool) else default


def moment(raw: Any) -> int | None:
    """An xsd:dateTime in milliseconds since 1970; None if it is none, or before 1970.

    A time without a zone is read as UTC, as most peers mean it.
    """
    return _moment(raw) if isinstance(raw, str) and 10 <= len(raw) <= 40 else None


@lru_cache(maxsize=1_024)
def _moment(raw: str) -> int | None:
    """The same of a text. An activity and its object tell one moment; so do posts of one second."""
    try:
        at = datetime.fromisoformat(raw)
        milliseconds = int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (OverflowError, ValueError):
        return None
    return milliseconds if 0 <= milliseconds <= _FAR else None


def language(raw: Any) -> str | None:
    """A BCP 47 tag in a usual form; None for anything else, and for `und`."""
    if not isinstance(raw, str) or raw == "und" or not _LANGUAGE.fullmatch(raw):
        return None
    return raw
