"""How members on plain servers react: to their own copy, which stands for the post.

Rules cited are those of private-groups-observed.md §5.
"""

from domain.node import Node
from domain.reactions import PLAIN, Reaction
from outbox import communities as announcing
from outbox import relay
from social import helper, reactions, readers
from social.answers import LONGEST_TOKEN, Outcome, copy_for
from storage.queries import actors, follows, likes, posts, relay_notes
from storage.queries.ids import new_id
from storage.queries.likes import Liked
from storage.queries.relay_notes import RelayNoteRow
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow


def receive_like(
    tx: Tx, *, node: Node, post_uri: str, signer: ActorView, said_with: Reaction = PLAIN
) -> Outcome | None:
    """A member likes the post behind a relay note; None if no relay note is meant."""
    refusal, copy = copy_for(tx, node, post_uri, signer)
    if copy is None:
        return refusal
    row, community = posts.by_id(tx, copy.post_id), actors.by_id(tx, copy.community_id)
    if row is None or community is None or not _may_like(tx, signer, row, copy):
        return Outcome("no relay note of theirs by that id")
    like_id = new_id(tx)
    like_uri = node.activity(like_id)  # the community says it to our nodes, under one id for good
    if reactions.add_like(
        tx, actor_id=signer.id, post=row, uri=like_uri, like_id=like_id, said_with=said_with
    ):
        like = Liked(like_uri, said_with)
        announcing.liked(tx, node=node, community=community, actor=signer, post=row, like=like)
    return Outcome()


def _may_like(tx: Tx, signer: ActorView, row: PostRow, copy: RelayNoteRow) -> bool:
    if not copy.is_live or row.deleted_at is not None:
        return False
    if follows.is_blocked(tx, signer.id, row.author_id):
        return False
    return readers.may(tx, signer, posts.facts(tx, row))


def receive_undo(
    tx: Tx,
    *,
    node: Node,
    uri: str | None,
    post_uri: str,
    signer: ActorView,
    said_with: Reaction = PLAIN,
) -> Outcome | None:
    """A member takes a like back: found by who liked what, whatever id it has now (rule 21)."""
    refusal, copy = copy_for(tx, node, post_uri, signer)
    if copy is None:
        return refusal
    row, community = posts.by_id(tx, copy.post_id), actors.by_id(tx, copy.community_id)
    was = taken = None
    if row is not None:
        was = likes.of(tx, signer.id, row.id)
        taken = reactions.take_back(tx, actor_id=signer.id, post=row, uri=uri, said_with=said_with)
    if row is not None and community is not None and was is not None and taken is not None:
        announcing.unliked(tx, node=node, community=community, actor=signer, post=row, like=was)
    elif uri is not None:
        posts.bury(tx, uri, signer.uri)  # it may arrive later
    return Outcome()


def receive_announce(tx: Tx, *, node: Node, post_uri: str, signer: ActorView) -> Outcome | None:
    """Somebody shared a relay note: never a share, but its id got about (rule 19).

    The note is taken back, its recipient gets another, and the stewards are told. None if no relay
    note is meant.
    """
    token = post_uri.removeprefix(node.relay_note(""))
    if token == post_uri:
        return None
    copy = relay_notes.by_token(tx, token) if len(token) <= LONGEST_TOKEN else None
    if copy is None or not copy.is_live:
        return Outcome("no relay note by that id")
    relay.reissue(tx, node=node, note=copy)
    _tell_stewards(tx, node, copy, signer)
    return Outcome("relay notes are not shared")


def _tell_stewards(tx: Tx, node: Node, copy: RelayNoteRow, sharer: ActorView) -> None:
    community, row = actors.by_id(tx, copy.community_id), posts.by_id(tx, copy.post_id)
    if community is None or row is None:
        return
    text = (
        f"On {sharer.domain}, {sharer.name or sharer.handle} shared a private note from "
        f"{community.name}. Others there may have read it. The note was taken back and sent again. "
        f"\n\n{node.post_link(row.id)}"
    )
    for steward in relay_notes.stewards(tx, community.id):
        helper.tell(tx, node=node, person_id=steward, text=text)
