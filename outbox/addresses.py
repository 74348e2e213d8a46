"""Whom a post of ours is addressed to, with the addresses that its audience needs."""

from collections.abc import Mapping, Sequence

from activitypub.render.posts import Address
from domain.addressing import Addresses, addressees
from domain.audience import Audience, Kind
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView, by_id
from storage.views.posts import PostRow, PostView


def address_of(tx: Tx, post: PostView) -> Address:
    """`to` and `cc` of a post or share of ours (protocol §1)."""
    return addresses_of(tx, [post])[0]


def addresses_of(tx: Tx, posts: Sequence[PostView]) -> list[Address]:
    """The same for a page of posts, by one statement, and one for each network among them."""
    rows = [post.row for post in posts]
    wanted = {row.owner_id for row in rows if row.kind in {Kind.FOLLOWERS, Kind.COMMUNITY}}
    wanted |= {row.reply_to_author_id for row in rows if row.reply_to_author_id is not None}
    wanted |= {row.place_id for row in rows if row.place_id is not None}
    people = by_id(actors.views(tx, sorted(wanted))) if wanted else {}
    networks = {row.owner_id for row in rows if row.kind is Kind.NETWORK}
    speakers = {origin: actors.application_of(tx, origin) for origin in sorted(networks)}
    return [_address(post, people, speakers) for post in posts]


def _address(
    post: PostView, people: Mapping[int, ActorView], speakers: Mapping[int, ActorView]
) -> Address:
    row = post.row
    owner = _owner(row, people, speakers)
    named = [*post.mentioned, *post.silent]
    if post.shared_post is not None:
        named = [post.shared_post.author]
    elif row.reply_to_author_id is not None and row.kind is Kind.PUBLIC:
        # Somebody elsewhere gets it so; one of ours need not be named to the world.
        answered = people.get(row.reply_to_author_id)
        if answered is not None and not answered.is_local and answered not in named:
            named.append(answered)
    first_hand = row.kind is Kind.PUBLIC and post.shared_post is None
    place = people.get(row.place_id or 0) if first_hand else None
    at = Addresses(
        author=post.author.uri,
        author_followers=post.author.followers or "",
        owner=owner.uri if owner else "",
        owner_collection=(owner.followers or "") if owner else "",
        place=place.uri if place else "",
        place_followers=(place.followers or "") if place else "",
        named=tuple(actor.uri for actor in named),
    )
    to, cc = addressees(Audience(row.kind, row.owner_id), at, quiet=row.quiet)
    return Address(to, cc, at.owner if row.kind is Kind.COMMUNITY else at.place or None)


def _owner(
    row: PostRow, people: Mapping[int, ActorView], speakers: Mapping[int, ActorView]
) -> ActorView | None:
    if row.kind is Kind.NETWORK:
        return speakers[row.owner_id]
    if row.kind in {Kind.FOLLOWERS, Kind.COMMUNITY}:
        return people.get(row.owner_id)
    return None
