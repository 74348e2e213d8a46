"""Likes in a community elsewhere, in any order: they stand if heard and never taken back."""

from social.reactions import add_like, drop_like
from social.vouching import Heard
from storage.queries import heard as ledger
from storage.queries import likes, posts
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow


def is_in(row: PostRow, community: ActorView) -> bool:
    """Whether a post belongs to the community that speaks of it."""
    return row.place_id == community.id and row.share_of_id is None


def liked(tx: Tx, heard: Heard, doer: ActorView) -> str | None:
    """Keep that somebody likes something; the reason if that is known already."""
    about = heard.activity.object_id or ""
    said = heard.activity
    known = ledger.about(tx, heard.community.id, doer.id, said.id)
    ledger.said(tx, heard.community.id, doer.id, said.id, about, said_with=said.said_with)
    changed = _settle_like(tx, heard, doer.id, posts.by_uri(tx, about))
    return None if changed or known is None else "it is here already"


def unliked(tx: Tx, heard: Heard, doer: ActorView) -> str | None:
    """Keep that a like was taken back; the reason if nobody says which."""
    undone, community_id = heard.undone, heard.community.id
    if undone is None or undone.id is None:
        return "nothing says what is taken back"
    about = undone.object_id or ledger.about(tx, community_id, doer.id, undone.id) or ""
    ledger.taken_back(tx, community_id, doer.id, undone.id, about)
    _settle_like(tx, heard, doer.id, posts.by_uri(tx, about) if about else None)
    return None


def settle(tx: Tx, heard: Heard, row: PostRow) -> None:
    """Likes that were heard before their post."""
    for actor_id in ledger.likers(tx, heard.community.id, row.uri):
        _settle_like(tx, heard, actor_id, row)


def _settle_like(tx: Tx, heard: Heard, actor_id: int, row: PostRow | None) -> bool:
    """Let a post show somebody's like if it stands; whether that changed anything."""
    if row is None or not is_in(row, heard.community):
        return False
    if row.deleted_at is not None or not row.is_accepted:
        return False
    stands = ledger.standing_like(tx, heard.community.id, actor_id, row.uri)
    shown = likes.uri_of(tx, actor_id, row.id)
    if shown == (stands[0] if stands is not None else None):
        return False
    if shown is not None:  # taken back, or said anew with another emoji
        drop_like(tx, actor_id=actor_id, post=row)
    if stands is not None:
        add_like(tx, actor_id=actor_id, post=row, uri=stands[0], said_with=stands[1])
    return True
