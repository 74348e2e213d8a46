"""Reading received bytes as ActivityStreams, strictly, and as plain JSON.

Whatever is read was verified as it is read. Refused are duplicate keys, numbers that another reader
would see differently, unpaired surrogates and U+0000 (no database text holds it, and dropping it
would change words that a proof covers), depth beyond 32, the JSON-LD keywords that re-shape a tree,
and contexts that change what a term of ActivityStreams means. After that a document can be read by
its short names, without JSON-LD processing.

The standard parser with a hook decides all that (`_strictly`). Most documents have nothing of it:
of those the quicker parser's result is taken (`_ordinary`), once it is sure that the standard one
would have read the same. Whatever is doubtful is read again strictly, and refused there if at all.

Contexts are never fetched; one that we do not know only adds terms that we do not read.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson

JsonObject: TypeAlias = dict[str, Any]

AS2: Final = "https://www.w3.org/ns/activitystreams"
PUBLIC: Final = f"{AS2}#Public"
#: Every spelling of "anyone" that servers send (security row O18).
PUBLIC_SPELLINGS: Final = frozenset({PUBLIC, "as:Public", "Public"})

MAX_DEPTH: Final = 32
#: The largest integer that every JSON reader sees alike (RFC 8785, I-JSON).
MAX_INTEGER: Final = 2**53 - 1
MAX_NUMBER_LETTERS: Final = 32

#: Bytes and levels of a context that is remembered once it was found good, and of how many. It
#: comes with every post of a server; looking at it each time takes 10 µs.
_LARGEST_CONTEXT: Final = 4 << 10
_DEEPEST_CONTEXT: Final = 4
_MOST_CONTEXTS: Final = 512

#: What tells an escaped quote from a closing one. Read from the left, an escape at a time.
_ESCAPES: Final = re.compile(rb'\\(?:["\\]|u0000)')
_NUL_OR_SURROGATE: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")

_RESHAPING: Final = frozenset({"@graph", "@included", "@reverse", "@nest"})
_CONTEXT_KEYWORDS: Final = frozenset({"@language", "@protected", "@version", "@vocab"})
_TERM_KEYWORDS: Final = frozenset(
    {"@container", "@id", "@language", "@prefix", "@protected", "@type"}
)
_CONTAINERS: Final = frozenset({"@language", "@list", "@set", "@index"})

#: What identity, addressing and words hang on: an inline context may only repeat what these mean.
#: Others (places, sizes) are redefined by honest servers, and nothing depends on them.
_AS2_TERMS: Final = (
    *("actor", "object", "target", "origin", "result", "instrument", "attributedTo"),
    *("to", "cc", "bto", "bcc", "audience", "inReplyTo", "tag", "attachment", "href", "url"),
    *("content", "contentMap", "name", "nameMap", "summary", "summaryMap", "mediaType"),
    *("outbox", "followers", "following", "endpoints", "sharedInbox"),
    *("preferredUsername", "items", "orderedItems", "first", "next", "partOf"),
    *("oneOf", "anyOf", "published", "updated", "icon", "image"),
)
_SECURITY: Final = "https://w3id.org/security#"
_SECURITY_TERMS: Final = (
    *("assertionMethod", "controller", "owner", "publicKey", "publicKeyMultibase"),
    *("publicKeyPem", "proof", "proofValue", "verificationMethod"),
)
#: Each term that we read, with every way to say what it means anyway.
_READ_TERMS: Final[dict[str, frozenset[str]]] = {
    **{term: frozenset({term, f"as:{term}", f"{AS2}#{term}"}) for term in _AS2_TERMS},
    **{term: frozenset({term, f"sec:{term}", _SECURITY + term}) for term in _SECURITY_TERMS},
    "inbox": frozenset({"inbox", "as:inbox", "ldp:inbox", "http://www.w3.org/ns/ldp#inbox"}),
    "id": frozenset({"@id"}),
    "type": frozenset({"@type"}),
    "as": frozenset({f"{AS2}#"}),
}


class MalformedDocument(ValueError):  # noqa: N818  (it names the thing refused)
    """Bytes that are no document we read. `reason` is safe to show and quotes nothing of them."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def parse(raw: bytes, *, max_bytes: int) -> JsonObject:
    """The object in `raw`. Raises MalformedDocument; never RecursionError, never another error.

    `max_bytes`: a second line of defence; the endpoint stops reading earlier.
    """
    if len(raw) > max_bytes:
        raise MalformedDocument("too large")
    document = _ordinary(raw)
    return _strictly(raw) if document is None else document


class _Doubtful(Exception):  # noqa: N818  (it names what was found)
    """Something that the quicker parser may have read otherwise than the strict one would."""


def _ordinary(raw: bytes) -> JsonObject | None:
    """The object in `raw` by the quicker parser; None unless the strict one returns the same.

    The quicker one drops all but the last of equal keys, and a string goes with each that it drops.
    So no key came twice if the object has as many strings as the text has pairs of quotes.
    A post of 4 kB takes 15 µs instead of 28, a third of them the parser's.
    """
    try:
        document = orjson.loads(raw)
        strings = _strings_of(document) if type(document) is dict else 0
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, MalformedDocument, _Doubtful):
        return None
    quotes = raw.count(b'"')
    if b"\\" in raw:
        escapes = _ESCAPES.findall(raw)
        quotes -= escapes.count(b'\\"')
        if b"\\u0000" in escapes:
            return None
    return document if strings and quotes == 2 * strings else None


def _strings_of(tree: Any) -> int:
    """How many strings a tree has, its keys among them.

    Raises _Doubtful where the strict parser might refuse it: too deep, re-shaped, a number.
    Raises MalformedDocument for a context that is refused.
    """
    strings = 0
    level: list[Any] = [tree]
    for depth in range(MAX_DEPTH):
        below: list[Any] = []
        for box in level:
            inside = box
            if type(box) is dict:
                if not _RESHAPING.isdisjoint(box):
                    raise _Doubtful
                strings += len(box)
                inside = box.values()
                if "@context" in box:
                    strings += _strings_of_context(box["@context"], depth)
                    inside = [value for name, value in box.items() if name != "@context"]
            for value in inside:
                kind = type(value)
                if kind is str:
                    strings += 1
                elif kind is dict or kind is list:
                    below.append(value)
                else:
                    _doubt_number(value)
        if not below:
            return strings
        level = below
    raise _Doubtful


def _doubt_number(item: Any) -> None:
    """Raises _Doubtful for a number out of range, and any float: its spelling is not to be seen."""
    kind = type(item)
    if kind is float or (kind is int and not -MAX_INTEGER <= item <= MAX_INTEGER):
        raise _Doubtful


def _strings_of_context(context: Any, above: int) -> int:
    """The same of a context that is read; each server sends its own with every post."""
    written = orjson.dumps(context)
    if len(written) > _LARGEST_CONTEXT or above + _DEEPEST_CONTEXT >= MAX_DEPTH:
        raise _Doubtful
    return _strings_of_good_context(written)


@lru_cache(maxsize=_MOST_CONTEXTS)
def _strings_of_good_context(written: bytes) -> int:
    """The same of a context as it is written; what is refused is not remembered."""
    context = orjson.loads(written)
    if depth_of({"": context}) > 1 + _DEEPEST_CONTEXT or b'"@context"' in written:
        raise _Doubtful
    _check_context(context)
    return _strings_of([context])


def _strictly(raw: bytes) -> JsonObject:
    """The object in `raw`, every pair of it looked at while it is read."""
    try:
        text = raw.decode("utf-8")
        document = _DECODER.decode(text)
    except MalformedDocument:
        raise
    except RecursionError as error:
        raise MalformedDocument("nested too deeply") from error
    except ValueError as error:  # not UTF-8, or not JSON
        raise MalformedDocument("not JSON") from error
    if not isinstance(document, dict):
        raise MalformedDocument("not an object")
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and depth_of(document) > MAX_DEPTH:
        raise MalformedDocument("nested too deeply")
    if _NUL_OR_SURROGATE.search(text):
        _refuse_unstorable(document)
    return document


def to_bytes(document: JsonObject) -> bytes:
    """`document` as the compact UTF-8 that we sign and send."""
    return orjson.dumps(document)


def depth_of(document: JsonObject) -> int:
    """How deeply a document nests; beyond MAX_DEPTH it is not looked at further."""
    level: list[Any] = [document]
    for depth in range(1, MAX_DEPTH + 1):
        below = [item for box in level for item in _inside(box) if isinstance(item, (dict, list))]
        if not below:
            return depth
        level = below
    return MAX_DEPTH + 1


def _inside(box: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return box.values() if isinstance(box, dict) else box


def as_list(value: object) -> list[Any]:
    """A property that may be absent, one value or several (AS2 Core §4.1), as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise MalformedDocument("a key is given twice")
    if not _RESHAPING.isdisjoint(mapping):
        raise MalformedDocument("a JSON-LD keyword re-shapes the document")
    if "@context" in mapping:
        _check_context(mapping["@context"])
    return mapping


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise MalformedDocument("an integer is out of range")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if len(text) > MAX_NUMBER_LETTERS or abs(number) > MAX_INTEGER:
        raise MalformedDocument("a number is out of range")
    return number


def _constant(_text: str) -> None:
    raise MalformedDocument("NaN and Infinity are not JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def _refuse_unstorable(document: JsonObject) -> None:
    for text in _strings(document):
        if "\0" in text:
            raise MalformedDocument("U+0000 in a text")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise MalformedDocument("an unpaired surrogate in a text") from error


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _check_context(context: object) -> None:
    for entry in context if isinstance(context, list) else [context]:
        if isinstance(entry, dict):
            for term, definition in entry.items():
                _check_term(term, definition)
        elif not isinstance(entry, str):
            raise MalformedDocument("a context is neither an address nor an object")


def _check_term(term: str, definition: object) -> None:
    if term.startswith("@"):
        if term not in _CONTEXT_KEYWORDS:
            raise MalformedDocument("a context uses a keyword that we do not read")
        return
    target = definition
    if isinstance(definition, dict):
        _check_definition(definition)
        target = definition.get("@id", term)
    if not _keeps_meaning(term, target):
        raise MalformedDocument("a context changes what a term means")


def _check_definition(definition: JsonObject) -> None:
    containers = as_list(definition.get("@container"))
    if not definition.keys() <= _TERM_KEYWORDS:
        raise MalformedDocument("a context uses a keyword that we do not read")
    if not all(isinstance(item, str) and item in _CONTAINERS for item in containers):
        raise MalformedDocument("a context uses a container that we do not read")


def _keeps_meaning(term: str, target: object) -> bool:
    if not isinstance(target, str):
        # A term may be switched off (null), as long as we do not read it.
        return target is None and term not in _READ_TERMS
    if term in _READ_TERMS:
        return target in _READ_TERMS[term]
    # Everything else is a term of the sender's own, as long as it stands for no keyword.
    return not target.startswith("@")
