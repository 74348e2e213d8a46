"""Quotes on the wire (FEP-044f): what a post quotes, who may quote it, and the asking for it."""

from typing import Final

from activitypub.vocabulary import ACTIVITYSTREAMS, POST_CONTEXT, PUBLIC, JsonDict
from domain.quotes import QuotePolicy, reaches_elsewhere
from storage.views.actors import ActorView
from storage.views.posts import PostView

_FEP: Final = "https://w3id.org/fep/044f#"
_GTS: Final = "https://gotosocial.org/ns#"
AUTHORIZATION_CONTEXT: Final = [
    ACTIVITYSTREAMS,
    {
        "QuoteAuthorization": f"{_FEP}QuoteAuthorization",
        "gts": _GTS,
        "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
        "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
    },
]
REQUEST_CONTEXT: Final = [*POST_CONTEXT, {"QuoteRequest": f"{_FEP}QuoteRequest"}]


def said(post: PostView) -> JsonDict:
    """What a post of ours says of the post that it quotes, in the words of several servers.

    The consent of the quoted author is named as soon as it is there; nobody needs their own.
    """
    quoted = post.row.quote_uri
    if quoted is None or not post.row.is_local:
        return {}
    document: JsonDict = dict.fromkeys(("quote", "quoteUri", "_misskey_quote"), quoted)
    if post.quote is not None and post.quote.authorization_uri is not None:
        document["quoteAuthorization"] = post.quote.authorization_uri
    return document


def policy(post: PostView) -> JsonDict:
    """Who may quote a post of ours: nobody elsewhere, unless anybody may read it.

    Nobody is said by naming the author alone: an empty list is no list (FEP-044f).
    """
    row, author = post.row, post.author
    chosen = QuotePolicy(row.quote_policy)
    allowed: list[str] = []
    if reaches_elsewhere(row.audience, row.root_audience):
        if chosen & QuotePolicy.PUBLIC:
            allowed = [PUBLIC]
        elif chosen & QuotePolicy.FOLLOWERS and author.followers:
            allowed = [author.followers]
    return _policy(allowed or [author.uri])


def nobody(author_uri: str) -> JsonDict:
    """That nobody but its author may quote something."""
    return _policy([author_uri])


def _policy(allowed: list[str]) -> JsonDict:
    return {"interactionPolicy": {"canQuote": {"automaticApproval": allowed}}}


def authorization(uri: str, author_uri: str, *, quoting: str, quoted: str) -> JsonDict:
    """The consent of a quoted author. It embeds nothing: who asks may read neither post."""
    return {
        "@context": AUTHORIZATION_CONTEXT,
        "id": uri,
        "type": "QuoteAuthorization",
        "attributedTo": author_uri,
        "interactingObject": quoting,
        "interactionTarget": quoted,
    }


def request(
    uri: str, actor: ActorView, *, quoted_uri: str, author: ActorView, note: JsonDict
) -> JsonDict:
    """QuoteRequest to the quoted author, with the quoting post whole so that nobody must ask."""
    return {
        "@context": REQUEST_CONTEXT,
        "id": uri,
        "type": "QuoteRequest",
        "actor": actor.uri,
        "to": [author.uri],
        "object": quoted_uri,
        "instrument": note,
    }


def accept(uri: str, author: ActorView, asked: JsonDict, authorization_uri: str) -> JsonDict:
    """Accept{QuoteRequest}: its result is the consent that others can ask for."""
    return {**_answer("Accept", uri, author, asked), "result": authorization_uri}


def reject(uri: str, author: ActorView, asked: JsonDict) -> JsonDict:
    """Reject{QuoteRequest}."""
    return _answer("Reject", uri, author, asked)


def asked(uri: str, quoter: ActorView, *, quoting: str, quoted: str) -> JsonDict:
    """A QuoteRequest as it is named in an answer to it: by ids alone."""
    return {
        "id": uri,
        "type": "QuoteRequest",
        "actor": quoter.uri,
        "object": quoted,
        "instrument": quoting,
    }


def _answer(kind: str, uri: str, author: ActorView, request: JsonDict) -> JsonDict:
    return {
        "@context": REQUEST_CONTEXT,
        "id": uri,
        "type": kind,
        "actor": author.uri,
        "to": [request["actor"]],
        "object": request,
    }


def revoke(uri: str, author: ActorView, quoter: ActorView, authorization_uri: str) -> JsonDict:
    """Delete of a consent, by its id alone."""
    return {
        "@context": AUTHORIZATION_CONTEXT,
        "id": uri,
        "type": "Delete",
        "actor": author.uri,
        "to": [quoter.uri],
        "object": authorization_uri,
    }
