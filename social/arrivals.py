"""Posts of other servers that arrive many at once: plain ones are stored together.

Plain is what most of them are: somebody writes to the world, answers nothing, quotes nothing and
writes in no community. Then little has to be known of what is here already, and it is asked for all
of them in a few statements. `social/remote_posts` has the rules; what they come to for a plain post
is the same here (tests/social/test_arrivals.py stores the same posts both ways and compares all
that is in the database afterwards). Whatever is not plain is left to it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from activitypub.parse.posts import NoteDocument
from domain.addressing import PUBLIC_URI, DocumentAudience, audience_of_document
from domain.audience import Audience
from domain.choices import Named
from domain.kinds import ActorType
from domain.node import Node
from social import bells, copies, link_previews
from social.notifications import tell_all_named
from social.remote_posts import (
    addresses,
    is_authors_own,
    is_somebody_here,
    moment_of,
    row_for,
    spoken_by,
    wait_for_all,
    with_new_id,
)
from social.streaming import announce, posted
from social.wording import tags_of
from storage.queries import actors, figures, followed_tags, follows, posts
from storage.queries import arrivals as stored
from storage.queries import timelines as homes
from storage.queries.ids import ids_at, may_be_taken
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, Tag

MOST_BESIDE: Final = 40
"""Addresses and tags of a plain post: one unit of work holds many."""

MOST_BY_TAG: Final = 4_000
"""Lines that the tags of one unit bring into homes; what brings more goes the long way."""

MOST_TOLD: Final = 100
"""Bells that ring for one unit, some statements each; what rings more goes the long way."""

_DRAWS: Final = 20
_EVERYBODY: Final = Audience.public()


class Arrival(Struct, frozen=True):
    """A post, who sent it and signed that, and when it came, in ms."""

    note: NoteDocument
    signer: ActorView
    received_at: int


class Plain(Struct, frozen=True):
    """A post of which nothing is here yet: whom it names of those we know, and for whom it is.

    `rings`: somebody wants to be told of each post of its author's.
    """

    arrival: Arrival
    people: list[ActorView]
    said: DocumentAudience
    tags: list[Tag]
    rings: bool


class _Stored(Struct, frozen=True):
    """A plain post as a row; `spoken` are those whom its text names."""

    plain: Plain
    row: PostRow
    spoken: set[int]


def may_be_plain(note: NoteDocument, signer: ActorView) -> bool:
    """Whether a post reads like a plain one; `plain_among` knows."""
    if note.in_reply_to is not None or note.quoting is not None or note.poll is not None:
        return False
    if note.audience:
        return False
    if len(note.to) + len(note.cc) + len(note.mentions) + len(note.hashtags) > MOST_BESIDE:
        return False
    return signer.type is not ActorType.GROUP and PUBLIC_URI in {*note.to, *note.cc}


def plain_among(tx: Tx, node: Node, arrivals: Sequence[Arrival]) -> list[Plain | None]:
    """For each arrival that may be plain, what it is; None if it has to go the long way.

    Changes nothing. That is also what becomes of the second of two posts with one id, of what
    concerns nobody here, and of a post that something here waits for, knows, or saw deleted.
    """
    uris = {each.note.id for each in arrivals}
    wait_for_all(tx, uris)
    met = stored.met(tx, uris)
    addressed = [addresses(each.note, each.signer) for each in arrivals]
    known = _known(tx, addressed)
    authors = {each.signer.id for each in arrivals}
    followed = follows.followed_here(tx, authors)
    tagged = [tags_of(each.note) for each in arrivals]
    room = _Room(tx, tagged, follows.bells(tx, authors))
    found: list[Plain | None] = []
    for each, named, tags in zip(arrivals, addressed, tagged, strict=True):
        plain = None
        if each.note.id not in met and is_authors_own(node, each.note, each.signer):
            people = [known[uri] for uri in named if uri in known]
            if room.has(each.signer.id, tags):
                said = _said(each, people, followed)
                if said is not None:
                    plain = Plain(each, people, said, tags, room.rings(each.signer.id))
            met.add(each.note.id)
        found.append(plain)
    return found


class _Room:
    """What one unit may still write because of tags and bells, which its line does not know of."""

    def __init__(self, tx: Tx, tagged: Iterable[Sequence[Tag]], bells: Mapping[int, int]) -> None:
        folded = {tag.folded for tags in tagged for tag in tags}
        self._followers = followed_tags.counts(tx, folded) if folded else {}
        self._bells = bells
        self._lines = MOST_BY_TAG
        self._told = MOST_TOLD

    def has(self, author_id: int, tags: Sequence[Tag]) -> bool:
        """Whether there is room for a post, which then takes it."""
        told = self._bells.get(author_id, 0)
        lines = 0
        if self._followers:
            lines = sum(self._followers.get(tag.folded, 0) for tag in tags)
        if lines > self._lines or told > self._told:
            return False
        self._lines -= lines
        self._told -= told
        return True

    def rings(self, author_id: int) -> bool:
        """Whether somebody wants to be told of the author's posts."""
        return author_id in self._bells


def _known(tx: Tx, addressed: Iterable[Sequence[str]]) -> dict[str, ActorView]:
    named = {uri for uris in addressed for uri in uris}
    return {actor.uri: actor for actor in actors.by_uris(tx, sorted(named))}


def _said(
    arrival: Arrival, people: list[ActorView], followed: Collection[int]
) -> DocumentAudience | None:
    """What the addresses of a plain post mean; None if it is none."""
    note, signer = arrival.note, arrival.signer
    for actor in people:
        if actor.type is ActorType.GROUP:
            return None  # it may be written in a community
    if signer.id not in followed and not any(map(is_somebody_here, people)):
        return None
    said = audience_of_document(
        note.to,
        note.cc,
        (),
        signer.followers,
        author=signer.id,
        author_origin=signer.origin_id,
        known={actor.uri: Named(actor.id, actor.origin_id) for actor in people},
    )
    return said if said.audience == _EVERYBODY else None


def store(tx: Tx, plain: Collection[Plain]) -> None:
    """Store plain posts, write them into homes, and tell whom they concern.

    None asks a question.

    Raises ConstraintBroken if one is there by now, an id made from a past second was taken, or
    another process took one of the present.
    """
    new = _rows(tx, plain)
    ids = [each.row.id for each in new]
    # First, in the order of their ids: whoever counts for an author meanwhile, or unfollows them,
    # waits here and not for a row that we wait for.
    figures.count_authors(tx, [(each.row.author_id, each.row.created_at) for each in new])
    posts.insert_posts(tx, [each.row for each in new])
    posts.add_all_mentions(
        tx, [(each.row.id, each.spoken, each.plain.said.named - each.spoken) for each in new]
    )
    posts.add_tags(tx, [(each.row, each.plain.tags) for each in new])
    for each in new:
        if each.plain.arrival.note.attachments:
            copies.take(
                tx, row=each.row, attachments=each.plain.arrival.note.attachments, is_new=True
            )
    tell_all_named(tx, [each.row.id for each in new if each.spoken])
    homes.fan_out_to_followers(tx, ids)
    for post_id in ids:
        announce(tx, posted(post_id))
    for each in new:
        if each.plain.rings:
            bells.ring(tx, each.row)


def _rows(tx: Tx, plain: Collection[Plain]) -> list[_Stored]:
    moments = [moment_of(tx, each.arrival.note, each.arrival.received_at) for each in plain]
    made = [
        row_for(
            *(tx, each.arrival.note, each.arrival.signer, each.said),
            parent=None,
            made_at=made_at,
            identifier=identifier,
        )
        for each, made_at, identifier in zip(plain, moments, ids_at(tx, moments), strict=True)
    ]
    rows = link_previews.with_links(tx, _with_free_ids(tx, made))
    return [
        _Stored(each, row, spoken_by(each.arrival.note, each.people, row, each.said.named))
        for each, row in zip(plain, rows, strict=True)
    ]


def _with_free_ids(tx: Tx, rows: list[PostRow]) -> list[PostRow]:
    """An id made from a past second may be taken, and whoever sends a post chooses the second: it
    is drawn again, so that nobody makes a unit fail for the others in it.
    """
    past = [row.id for row in rows if may_be_taken(tx, row.id)]
    used = posts.taken(tx, past) if past else set()
    free: list[PostRow] = []
    for row in rows:
        for _ in range(_DRAWS):
            if row.id not in used:
                break
            row = with_new_id(tx, row)  # noqa: PLW2901 - the same post
            used |= posts.taken(tx, [row.id])
        used.add(row.id)
        free.append(row)
    return free
