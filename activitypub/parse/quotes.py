"""What a post says of the post that it quotes, and of who may quote it (FEP-044f).

Before there was a word for asking, servers had words for quoting alone. Those are read as well, and
say by their absence of `quote` that nobody was asked.
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.fields import (
    checked_id,
    is_a,
    kinds,
    listed,
    optional_reference,
    reference,
    references,
)

QUOTE_REQUEST: Final = "QuoteRequest"
AUTHORIZATION: Final = "QuoteAuthorization"
_OLDER: Final = ("_misskey_quote", "quoteUri", "quoteUrl")
_RELS: Final = frozenset(
    {
        "https://misskey-hub.net/ns#_misskey_quote",
        "https://misskey-hub.net/ns/#_misskey_quote",
        "https://w3id.org/fep/044f#quote",
    }
)
MOST_ADDRESSES: Final = 50
"""Of those whom a policy names; who comes after them is not looked at."""


class Quoting(Struct, frozen=True):
    """The post that a post quotes, and the consent that it names.

    `asked`: said with FEP-044f's word, so its author is asked; otherwise nobody was.
    """

    uri: str
    authorization: str | None = None
    asked: bool = True


class QuoteRule(Struct, frozen=True):
    """Whom an author lets quote a post: ids of actors and collections, Public in one spelling."""

    automatic: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()


class Authorization(Struct, frozen=True):
    """A QuoteAuthorization: `author` says that `quoting` may quote `quoted`."""

    id: str
    author: str
    quoting: str
    quoted: str


def quoting(document: JsonObject) -> Quoting | None:
    """What a post quotes; None if nothing, or if what it quoted is gone."""
    quoted = optional_reference(document.get("quote"))
    if quoted is not None:
        return Quoting(quoted, optional_reference(document.get("quoteAuthorization")))
    if document.get("quote") is not None:
        return None  # a Tombstone, or nothing that can be quoted
    older = [optional_reference(document[name]) for name in _OLDER if name in document]
    older += [_linked(tag) for tag in listed(document.get("tag")) if is_a(tag, "Link")]
    found = next(filter(None, older), None)
    return None if found is None else Quoting(found, asked=False)


def _linked(tag: JsonObject) -> str | None:
    """Where a Link among the tags leads, if its relation is that of a quote (FEP-e232)."""
    named = any(isinstance(rel, str) and rel in _RELS for rel in listed(tag.get("rel")))
    return optional_reference(tag.get("href")) if named else None


def quote_rule(document: JsonObject) -> QuoteRule | None:
    """Whom the author lets quote the post; None if nothing is said of it."""
    policy = document.get("interactionPolicy")
    said = policy.get("canQuote") if isinstance(policy, dict) else None
    if not isinstance(said, dict):
        return None
    return QuoteRule(_ids(said.get("automaticApproval")), _ids(said.get("manualApproval")))


def _ids(raw: Any) -> tuple[str, ...]:
    return references(raw)[:MOST_ADDRESSES]


def authorization(document: JsonObject) -> Authorization:
    """Read a QuoteAuthorization. Raises MalformedDocument."""
    if not any(name.rpartition("#")[2] == AUTHORIZATION for name in kinds(document)):
        raise MalformedDocument("this is no QuoteAuthorization")
    return Authorization(
        id=checked_id(document.get("id"), "the authorization's id", fragment=True),
        author=reference(document.get("attributedTo"), "who authorizes"),
        quoting=reference(document.get("interactingObject"), "what is authorized"),
        quoted=reference(document.get("interactionTarget"), "what may be quoted"),
    )
