"""What stewards of open communities tell the helper: posts, threads, and people put out."""

from collections.abc import Sequence
from typing import Final

from domain.commands import Command, Verb
from domain.errors import Conflict, NotFound
from domain.handles import Acct
from domain.node import Node
from social import featuring, moderating, notices
from social.open_communities import by_address
from storage.queries import actors, communities
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

ABOUT_POSTS: Final = (
    *(Verb.WITHDRAW, Verb.RESTORE, Verb.CLOSE, Verb.REOPEN),
    *(Verb.FEATURE, Verb.UNFEATURE),
)


def offered(tx: Tx, cared_for: Sequence[ActorView]) -> list[Verb]:
    """The sentences that somebody may say who takes care of these communities."""
    rows = [communities.by_id(tx, one.id) for one in cared_for]
    if not any(row is not None and row.is_for_the_world for row in rows):
        return []
    return [*ABOUT_POSTS, Verb.BAN, Verb.UNBAN]


def about_post(
    tx: Tx, node: Node, sender: ActorView, command: Command, cared_for: Sequence[ActorView]
) -> str:
    """Do something to a post in a community that the sender takes care of.

    Raises NotFound and NotAllowed.
    """
    community, post = _meant(tx, node, command.address, cared_for)
    by, name = sender.id, notices.shown_name(community)
    match command.verb:
        case Verb.WITHDRAW:
            moderating.withdraw(tx, node=node, post=post, by_id=by, reason=command.text)
            return f"It is taken out of {name}. To put it back, write: restore {command.address}"
        case Verb.RESTORE:
            moderating.restore(tx, node=node, post=post, by_id=by)
            return f"It stands in {name} again."
        case Verb.CLOSE:
            moderating.close(tx, node=node, post=post, by_id=by, reason=command.text)
            return f"Nothing new is written there. To go on, write: reopen {command.address}"
        case Verb.REOPEN:
            moderating.reopen(tx, node=node, post=post, by_id=by)
            return "It goes on there."
        case _:
            on = command.verb is Verb.FEATURE
            featuring.feature(tx, node=node, post=post, by_id=by, on=on)
            return f"It stands at the top of {name}." if on else "It is taken down."


def _meant(
    tx: Tx, node: Node, address: str, cared_for: Sequence[ActorView]
) -> tuple[ActorView, PostRow]:
    for community in cared_for:
        post = by_address(tx, node, community.id, address)
        if post is not None:
            return community, post
    raise NotFound("I found no post of that address in a community that you take care of")


def ban(
    tx: Tx, node: Node, sender: ActorView, community: ActorView, *, who: Acct, reason: str
) -> str:
    """Shut somebody out, with what they wrote. Raises NotFound and NotAllowed."""
    here = who.host in {None, node.handle_domain, node.origin.partition("://")[2]}
    host = node.handle_domain if here else who.host or ""
    found = actors.local_by_handle(tx, who.name) if here else actors.by_acct(tx, who.name, host)
    if found is None or found.gone_at is not None:
        raise NotFound(f"I do not know anybody called @{who}")
    if found.id == sender.id:
        raise Conflict("You cannot shut yourself out")
    moderating.ban(
        tx,
        node=node,
        community_id=community.id,
        actor_id=found.id,
        by_id=sender.id,
        reason=reason,
        remove_posts=True,
    )
    name = notices.shown_name(community)
    return f"@{who} is shut out of {name}, and what they wrote there is taken out."


def unban(tx: Tx, node: Node, sender: ActorView, community: ActorView, *, person: ActorView) -> str:
    """Let somebody come again. Raises NotFound and NotAllowed."""
    moderating.unban(tx, node=node, community_id=community.id, actor_id=person.id, by_id=sender.id)
    who = notices.address(person, node, to=sender)
    return f"{who} may come again to {notices.shown_name(community)}."
