"""Reports of other servers: what of them may be believed to be meant, and by whom they are heard.

A server reports who lives here and is known to it, and what was said in a community here in which
somebody of its own is a member. Nothing is ever answered: unknown and not allowed are the same.
"""

from collections.abc import Sequence
from typing import Final

from domain.audience import Kind
from domain.kinds import ActorType
from domain.node import Node
from outbox.publish import is_known_to_anybody
from social import reports as use
from social.helper import is_helper
from social.reports import Matter
from storage.queries import accounts, actors, communities, relay_notes, reports
from storage.queries.disclosures import is_disclosed
from storage.queries.reports import Reported
from storage.tx import Tx
from storage.views.actors import ActorView

#: People and places that one Flag is about; the rest is left out.
MOST_MATTERS: Final = 5
#: Reports that a server may make at once, and the milliseconds until it may make one more (O21).
BURST: Final = 30
PAUSE_MS: Final = 120_000
NOBODY: Final = "there is nobody and nothing of that id to report"


def receive_flag(
    tx: Tx, *, node: Node, signer: ActorView, about: Sequence[str], comment: str
) -> str | None:
    """Keep a report of another server; why it had no effect, if it had none."""
    matters = _matters(tx, node, signer, about)
    if not matters:
        return NOBODY
    if accounts.take_attempt(tx, f"flag:{signer.origin_id}", burst=BURST, step=PAUSE_MS):
        return "too many reports from that server"
    use.keep_from_elsewhere(tx, node=node, signer=signer, matters=matters, comment=comment)
    return None


def _matters(tx: Tx, node: Node, signer: ActorView, about: Sequence[str]) -> list[Matter]:
    """Who is accused of what, where: posts first, then people without any of their posts."""
    posts = _known_posts(tx, node, signer, about)
    grouped: dict[tuple[int, int], list[Reported]] = {}
    for post in posts:
        grouped.setdefault((post.author_id, post.place_id or 0), []).append(post)
    for person in actors.by_uris(tx, about):
        meant = any(author == person.id for author, _ in grouped)
        if person.type is ActorType.GROUP and posts:
            continue  # a community's copies name it as their author
        if not meant and _is_known_to(tx, person, signer.origin_id):
            grouped[person.id, 0] = []
    found = []
    for (author_id, place_id), named in list(grouped.items())[:MOST_MATTERS]:
        accused = actors.by_id(tx, author_id)
        where = actors.by_id(tx, place_id) if place_id else None
        if accused is not None:
            found.append(Matter(accused, where, tuple(named)))
    return found


def _is_known_to(tx: Tx, person: ActorView, origin_id: int) -> bool:
    """Whether somebody lives here whom that server may know of."""
    if not person.is_local or person.gone_at is not None or is_helper(person):
        return False
    if person.type is ActorType.APPLICATION:
        return False
    return is_known_to_anybody(person) or is_disclosed(tx, person.id, origin_id)


def _known_posts(tx: Tx, node: Node, signer: ActorView, about: Sequence[str]) -> list[Reported]:
    """Posts that are ours to judge and that the server has; copies for one member are followed."""
    found = reports.reported_by_uri(tx, [uri for uri in about if not _is_copy(node, uri)])
    copied = _followed(tx, node, signer, about)
    had = reports.sent_to(tx, [one.id for one in found], signer.origin_id)
    allowed = [one for one in found if _is_ours_to_judge(tx, one, signer, had)]
    return list({one.id: one for one in (*allowed, *copied)}.values())


def _is_ours_to_judge(tx: Tx, post: Reported, signer: ActorView, had: set[int]) -> bool:
    place = actors.by_id(tx, post.place_id) if post.place_id else None
    if place is not None and place.is_local and post.is_world_public:
        return True
    if post.kind is Kind.COMMUNITY:
        inside = place is not None and place.is_local
        return inside and bool(communities.members_at(tx, post.place_id or 0, signer.origin_id))
    author = actors.by_id(tx, post.author_id)
    if author is None or not author.is_local or is_helper(author):
        return False
    return post.is_world_public or post.id in had


def _is_copy(node: Node, uri: str) -> bool:
    return uri.startswith(node.relay_note(""))


def _followed(tx: Tx, node: Node, signer: ActorView, about: Sequence[str]) -> list[Reported]:
    """The posts behind relay notes: a member on a plain server reports the copy that they got."""
    prefix = node.relay_note("")
    notes = [
        relay_notes.by_token(tx, uri.removeprefix(prefix)) for uri in about if _is_copy(node, uri)
    ]
    theirs = [one for one in notes if one is not None and one.origin_id == signer.origin_id]
    return reports.reported_by_id(tx, {one.post_id for one in theirs})
