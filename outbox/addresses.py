"""Whom a post of ours is addressed to, with the addresses that its audience needs."""

from activitypub.render.posts import Address
from domain.addressing import Addresses, addressees
from domain.audience import Audience, Kind
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostView


def address_of(tx: Tx, post: PostView) -> Address:
    """`to` and `cc` of a post or share of ours (protocol §1)."""
    row = post.row
    owner = _owner(tx, row.kind, row.owner_id)
    named = [*post.mentioned, *post.silent]
    if post.shared_post is not None:
        named = [post.shared_post.author]
    elif row.reply_to_author_id is not None and row.kind is Kind.PUBLIC:
        # Somebody elsewhere gets it so; one of ours need not be named to the world.
        answered = actors.views(tx, [row.reply_to_author_id])
        named += [one for one in answered if not one.is_local and one not in named]
    at = Addresses(
        author=post.author.uri,
        author_followers=post.author.followers or "",
        owner=owner.uri if owner else "",
        owner_collection=(owner.followers or "") if owner else "",
        named=tuple(actor.uri for actor in named),
    )
    to, cc = addressees(Audience(row.kind, row.owner_id), at, quiet=row.quiet)
    return Address(to, cc, at.owner if row.kind is Kind.COMMUNITY else None)


def _owner(tx: Tx, kind: Kind, owner_id: int) -> ActorView | None:
    if kind is Kind.NETWORK:
        return actors.application_of(tx, owner_id)
    if kind in {Kind.FOLLOWERS, Kind.COMMUNITY}:
        return actors.by_id(tx, owner_id)
    return None
