"""The records that the Fedify peer hands out over its control port, as types."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Scheme = Literal["cavage", "rfc9421"]
Verdict = Literal["verified", "invalid", "none"]
SchemeSeen = Literal["cavage", "rfc9421", "none"]
Kind = Literal["Person", "Group", "Service", "Application"]
Audience = Literal["public", "unlisted", "followers", "direct"]


class Delivery(TypedDict):
    """One outgoing request of the peer; ``status`` is None if there was no answer."""

    seq: int
    at: str
    method: str
    url: str
    scheme: SchemeSeen
    status: int | None
    error: str | None


class PeerRequest(TypedDict):
    """One request that the peer got, with its own judgement of the HTTP signature."""

    seq: int
    at: str
    method: str
    path: str
    accept: str | None
    synchronization: str | None
    user_agent: str | None
    scheme: SchemeSeen
    http_signature: Verdict
    key_id: str | None
    status: int | None


class Received(TypedDict):
    """One activity that Fedify verified, by its HTTP signature or its FEP-8b32 proof.

    ``proof`` and ``object_proof`` are Fedify's judgement of the proofs on it and on its object;
    ``outcome`` says what it did to the peer: applied, recorded: WHY, refused: WHY, failed: WHY.
    """

    seq: int
    at: str
    type: str
    id: str | None
    actor: str | None
    inbox: str
    scheme: SchemeSeen
    http_signature: Verdict
    key_id: str | None
    proof: Verdict
    object_proof: Verdict
    document: dict[str, Any]
    outcome: str


class PeerActor(TypedDict):
    """A local actor of the peer; ``accept`` is its answer to follow requests."""

    id: str
    identifier: str
    type: Kind
    name: str
    summary: str
    accept: Literal["auto", "manual"]
    also_known_as: list[str]
    moved_to: str | None
    pins: list[str]


class Person(TypedDict):
    """A remote actor as the peer knows it."""

    id: str
    type: str
    handle: str | None
    name: str | None
    summary: str | None
    inbox: str | None
    shared_inbox: str | None
    followers: str | None
    outbox: str | None
    manually_approves: bool
    moved_to: str | None
    also_known_as: list[str]
    featured: str | None
    pins: NotRequired[list[str]]


class Reaction(TypedDict):
    """A like with an emoji."""

    actor: str
    emoji: str | None


class Report(TypedDict):
    """A Flag that came to the peer."""

    actor: str
    objects: list[str]
    content: str | None


class Traversed(TypedDict):
    """A collection of another server, as an actor got it page by page."""

    type: str
    total: int | None
    items: list[Item]


class Item(TypedDict):
    """One item of a collection."""

    id: str | None
    type: str


class Post(TypedDict):
    """A post as the peer shows it, its own or received; a deleted one has no words."""

    id: str
    type: str
    author: str
    local: bool
    deleted: bool
    content: str | None
    summary: str | None
    name: str | None
    language: str | None
    to: list[str]
    cc: list[str]
    audience: str | None
    visibility: Audience | None
    in_reply_to: str | None
    mentions: list[dict[str, str | None]]
    hashtags: list[str]
    attachments: list[dict[str, str | None]]
    options: list[dict[str, Any]]
    voters: int | None
    end_time: str | None
    closed: str | None
    ballots: dict[str, list[str]]
    quote: str | None
    quote_authorization: str | None
    quote_state: Literal["pending", "accepted", "rejected"] | None
    replies: str | None
    context: str | None
    published: str | None
    updated: str | None
    likes: list[str]
    shares: list[str]
    reactions: list[Reaction]
    via: str | None


class Sent(TypedDict, total=False):
    """What a command did: the activity's id and document, the post's id, and each delivery."""

    id: str
    activity: str
    document: dict[str, Any]
    documents: list[dict[str, Any]]
    request: str
    deliveries: list[Delivery]


class Answer(TypedDict):
    """The answer to a raw request of the peer; ``scheme`` is the signature that was sent."""

    status: int
    headers: dict[str, str]
    body: str
    json: Any
    scheme: SchemeSeen
