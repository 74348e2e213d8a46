"""Words from plain servers: where they belong, who may say them, and how wide they already are.

Rules cited are those of private-groups-observed.md §5.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import structlog
from msgspec import Struct
from msgspec.structs import replace

from activitypub.parse.activities import Activity
from activitypub.parse.posts import NoteDocument
from domain.kinds import ActorType, Openness
from domain.node import Node
from domain.openness import openness_of
from domain.relayed import without_mention
from social import helper, readers
from social.copies import without_shown
from social.wording import Words, words_of
from storage.queries import actors, communities, posts, relay_notes
from storage.queries.communities import CommunityRow
from storage.queries.relay_notes import RelayNoteRow
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

log = structlog.get_logger("plain")

LONGEST_TOKEN: Final = 64
"""Characters of a relay note's token that are looked at."""


class Outcome(Struct, frozen=True):
    """What became of something meant for a community: why it has no effect, or no reason."""

    reason: str | None = None


class Heard(Struct, frozen=True):
    """Words of a member on a plain server, and where they belong."""

    node: Node
    note: NoteDocument
    signer: ActorView
    community: ActorView
    settings: CommunityRow
    parent: PostRow | None
    addressed: frozenset[str]
    received_at: int


def copy_for(
    tx: Tx, node: Node, uri: str | None, signer: ActorView
) -> tuple[Outcome | None, RelayNoteRow | None]:
    """The relay note that is meant, if it was issued to the signer; else why not (rule 18).

    One for all members on a server was issued to each of them.
    """
    token = (uri or "").removeprefix(node.relay_note(""))
    if uri is None or token == uri:
        return None, None
    copy = relay_notes.by_token(tx, token) if len(token) <= LONGEST_TOKEN else None
    if copy is None:
        return Outcome("no relay note of theirs by that id"), None
    theirs = copy.actor_id == signer.id
    if not theirs and not (copy.is_shared and copy.origin_id == signer.origin_id):
        log.warning("a relay note's id got about", note=copy.id, community=copy.community_id)
        return Outcome("no relay note of theirs by that id"), None
    if not relay_notes.is_plain_member(tx, copy.community_id, signer.id):
        return Outcome("no member of that community"), None
    return None, copy


def everybody(activity: Activity, note: NoteDocument) -> frozenset[str]:
    """All to whom the words went, however it was said (rule 12)."""
    return frozenset((*activity.addressees, *activity.hidden, *note.addressees))


def answered(
    tx: Tx, note: NoteDocument, signer: ActorView, copy: RelayNoteRow | None
) -> PostRow | None:
    """The post that is answered: by the member's own copy, by own words, or by itself."""
    if copy is not None:
        found = posts.by_id(tx, copy.post_id)
    elif note.in_reply_to is not None:
        own = relay_notes.words_by_uri(tx, note.in_reply_to)
        mine = own is not None and own.actor_id == signer.id
        if own is not None and mine:
            found = posts.by_id(tx, own.post_id)
        else:
            found = posts.by_uri(tx, note.in_reply_to)
    else:
        return None
    if found is None or found.deleted_at is not None or found.place_id is None:
        return None
    return found if readers.may(tx, signer, posts.facts(tx, found)) else None


def named_communities(
    tx: Tx, node: Node, signer: ActorView, addressed: Iterable[str]
) -> list[ActorView]:
    """Communities of ours among those addressed, to which the signer belongs in this way."""
    ours = [uri for uri in addressed if uri.startswith(f"{node.origin}/")]
    return [
        actor
        for actor in (actors.by_uris(tx, sorted(ours)) if ours else [])
        if actor.type is ActorType.GROUP and relay_notes.is_plain_member(tx, actor.id, signer.id)
    ]


def place_of_words(
    tx: Tx,
    signer: ActorView,
    named: Sequence[ActorView],
    parent: PostRow | None,
    copy: RelayNoteRow | None,
) -> ActorView | Outcome | None:
    """Where the words belong: in the thread answered, or in the one community named (rule 13)."""
    if parent is not None and parent.place_id is not None:
        meant = parent.place_id in {actor.id for actor in named}
        if meant or (copy is not None and copy.is_live):
            found = actors.by_id(tx, parent.place_id)
            if found is not None and relay_notes.is_plain_member(tx, found.id, signer.id):
                return found
    if len(named) > 1:
        return Outcome("a post belongs in one community")
    return named[0] if named else None


def people_addressed(tx: Tx, heard: Heard) -> list[ActorView]:
    """People whom we know among those addressed, but the author."""
    found = actors.by_uris(tx, sorted(heard.addressed))
    return [
        actor
        for actor in found
        if actor.type is not ActorType.GROUP and actor.id != heard.signer.id
    ]


def how_open(tx: Tx, heard: Heard, people: Iterable[ActorView]) -> Openness:
    """How wide the words are already: members and the community itself make them no wider."""
    place = heard.community
    members = {actor.uri for actor in people if communities.is_member(tx, place.id, actor.id)}
    among_us = members | {place.uri, place.followers or place.uri, heard.signer.uri}
    return openness_of(heard.addressed, inside=among_us)


def is_for_people(heard: Heard, people: Collection[ActorView]) -> bool:
    """A private mention that names people too is for them, and no post (protocol §1)."""
    named = {actor.uri for actor in people}
    place = heard.community
    inside = {place.uri, place.followers or place.uri, heard.signer.uri} | named
    return bool(named) and heard.addressed <= inside


def words_without_mention(community: ActorView, note: NoteDocument) -> Words:
    """What the member says, without the mention in front of it (rule 22), clean."""
    handles = {community.handle.lower(), f"{community.handle}@{community.domain}".lower()}
    addresses = {community.uri, community.url}
    said = without_mention(note.content, handles=handles, addresses=addresses)
    return words_of(replace(without_shown(note), content=said))  # pictures stand beside them


def hint(tx: Tx, heard: Heard, openness: Openness, *, goes_on: bool) -> None:
    """Tell the author how wide the words are already: no more than that (rule 14)."""
    if openness is Openness.CLOSED:
        return
    community = heard.community
    who = "Anybody" if openness is Openness.OPEN else "Your own followers, or others,"
    acct = f"@{community.handle}@{community.domain}"
    if goes_on:
        text = f"{who} can read what you just wrote in {community.name}. It was passed on."
    else:
        text = (
            f"{who} can read what you just wrote to {community.name}, so it was not passed on. "
            f"Please delete it and write again as a private message to {acct} alone."
        )
    helper.tell(tx, node=heard.node, person_id=heard.signer.id, text=text)


def hint_widened(tx: Tx, heard: Heard, openness: Openness) -> None:
    """Tell the author that an edit made the words wider, and what became of it (rule 15)."""
    wide = "public" if openness is Openness.OPEN else "readable by others than the community"
    acct = f"@{heard.community.handle}@{heard.community.domain}"
    text = (
        f"Editing made what you wrote in {heard.community.name} {wide} on your server. "
        f"The community keeps the old words. Please delete it and write again to {acct}, privately."
    )
    helper.tell(tx, node=heard.node, person_id=heard.signer.id, text=text)
