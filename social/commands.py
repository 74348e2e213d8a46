"""What people tell the helper, done: whoever may do it, from wherever they write (protocol §1)."""

from collections.abc import Callable
from typing import Final

from domain.audience import Kind
from domain.commands import USAGE, Command, Puzzle, Verb, read_command
from domain.community_settings import wish
from domain.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from domain.handles import Acct, check_new_handle, fold
from domain.ids import HERE
from domain.kinds import ActorType, FollowState, MembershipState
from domain.node import HELPER_HANDLE, Node
from domain.permissions import Action, Standing, may
from domain.roles import CommunityRole
from domain.text import to_plain
from jobs.queue import enqueue
from social import communities as use
from social import helper, memberships, muting, notices, steward_commands
from social.community_settings import change
from social.errands import FOUND
from social.invitations import invite_called
from social.own_communities import own_communities
from storage.queries import accounts, actors, communities, posts
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

_CARES: Final = frozenset({CommunityRole.STEWARD, CommunityRole.GUIDE})
_HERE_NOW: Final = frozenset({MembershipState.ACTIVE})
_BANNED: Final = frozenset({MembershipState.BANNED})
_ASKING: Final = frozenset({MembershipState.REQUESTED, MembershipState.INVITED})


def listen(tx: Tx, *, node: Node, post: PostRow, text: str) -> None:
    """Hear whether a post that was just stored is meant for the helper alone, and obey it.

    `text`: as typed here, or the HTML that another server sent.
    """
    if post.kind is not Kind.DIRECT:
        return
    us = actors.local_by_handle(tx, HELPER_HANDLE)
    sender = actors.by_id(tx, post.author_id)
    if us is None or sender is None or us.id == post.author_id:
        return
    if us.id in posts.named_in(tx, post.id):
        words = text if post.is_local else to_plain(text)
        obey(tx, node=node, sender=sender, text=words, post=post)


def obey(tx: Tx, *, node: Node, sender: ActorView, text: str, post: PostRow) -> None:
    """Do what somebody asks of the helper, and answer. Programs are not answered: they might
    answer back.
    """
    if sender.type is not ActorType.PERSON:
        return
    command = read_command(text)
    try:
        answer = _done(tx, node, sender, command)
    except Problem as problem:
        answer = _sentence(problem.message)
    if answer:
        helper.tell(tx, node=node, person_id=sender.id, text=answer, answers=post)


def _done(tx: Tx, node: Node, sender: ActorView, command: Command | Puzzle) -> str:
    if isinstance(command, Puzzle):
        return _puzzled(command)
    return _DEEDS[command.verb](tx, node, sender, command)


def _puzzled(puzzle: Puzzle) -> str:
    if puzzle.verb is not None:
        return (
            f"I understood “{puzzle.verb}”, but not the rest of it."
            f" Please write it like this: {USAGE[puzzle.verb]}"
        )
    return (
        f"I am a small program and did not understand “{puzzle.words}”. Nothing was done."
        " Write “help” to see what I understand."
    )


# For everybody.


def _help(tx: Tx, _node: Node, sender: ActorView, _command: Command) -> str:
    verbs = [Verb.COMMUNITIES, Verb.JOIN, Verb.LEAVE]
    if muting.communities_of(tx, sender):
        verbs += [Verb.MUTE, Verb.UNMUTE]
    if _may_found(tx, sender):
        verbs.append(Verb.CREATE)
    if _cared_for(tx, sender):
        verbs += [Verb.INVITE, Verb.APPROVE, Verb.REFUSE, Verb.REMOVE, Verb.MAKE]
        verbs += [Verb.PURPOSE, Verb.SET, Verb.LAUNCH]
        verbs += steward_commands.offered(tx, _cared_for(tx, sender))
    lines = "\n".join(USAGE[verb] for verb in verbs)
    return f"I am the helper of this node. Write to me alone, one sentence at a time:\n\n{lines}"


def _join(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community = _any_community(tx, node, sender, command)
    name = notices.shown_name(community)
    if not sender.is_local:
        return f"To join {name}, follow {notices.address(community, node, to=sender)} in your app."
    state = memberships.ask(tx, node=node, actor_id=sender.id, community_id=community.id)
    if state is FollowState.ACCEPTED:
        return f"You belong to {name} now."
    return f"You asked to join {name}. You will hear from me here."


def _leave(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community = _any_community(tx, node, sender, command)
    if not memberships.leave(
        tx, node=node, actor_id=sender.id, community_id=community.id, by_command=True
    ):
        raise NotFound("You do not belong to a community of that name")
    return f"You have left {notices.shown_name(community)}."


def _mute(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    """Also its contrary."""
    mine = muting.communities_of(tx, sender)
    place = command.place
    meant = [one for one in mine if place is None or _is_called(node, one, place)]
    on = command.verb is Verb.MUTE
    return muting.mute(tx, sender=sender, places=meant, name=command.name, on=on)


def _digest(_tx: Tx, _node: Node, _sender: ActorView, _command: Command) -> str:
    return (
        "I cannot send digests yet. Until then each post comes when it is written; if it is too"
        " much from one person, write: " + USAGE[Verb.MUTE]
    )


def _any_community(tx: Tx, node: Node, sender: ActorView, command: Command) -> ActorView:
    """A community that the sender stands to in some way, or may see; here or elsewhere."""
    place = command.place or Acct("")
    rows = communities.of_actor(tx, sender.id)
    mine = [
        one
        for one in actors.views(tx, [row.community_id for row in rows])
        if _is_called(node, one, place)
    ]
    if len(mine) == 1:
        return mine[0]
    actor = actors.local_by_handle(tx, place.name)
    row = communities.by_id(tx, actor.id) if actor is not None else None
    full = sender.is_local and accounts.is_full_member(tx, sender.id)
    hidden = row is None or not row.listed or not (full and _is_here(node, place))
    if actor is None or hidden:
        raise NotFound(f"I do not know a community called {place}")
    return actor


def _is_called(node: Node, actor: ActorView, acct: Acct) -> bool:
    if fold(actor.handle) != fold(acct.name):
        return False
    if acct.host is None:
        return True
    return _is_here(node, acct) if actor.is_local else actor.domain == acct.host


def _is_here(node: Node, acct: Acct) -> bool:
    return acct.host in {None, node.handle_domain, node.origin.partition("://")[2]}


# Founding.


def _may_found(tx: Tx, sender: ActorView) -> bool:
    account = accounts.by_id(tx, sender.id)
    return account is not None and may(Action.START_COMMUNITY, Standing(account.role))


def _create(tx: Tx, _node: Node, sender: ActorView, command: Command) -> str:
    """Keys take longer than a unit of work may: a job makes them, and answers."""
    handle = command.place.name if command.place else ""
    if not _may_found(tx, sender):
        raise NotAllowed("Members of this node found communities")
    check_new_handle(handle)
    if actors.local_by_handle(tx, handle) is not None:
        raise Conflict(f"The name {handle} cannot be used. Please choose another one")
    payload = {"handle": handle, "name": command.name, "purpose": command.text, "by": sender.id}
    if command.preset is not None:
        payload["preset"] = int(command.preset)
    enqueue(tx, FOUND, payload)
    return ""


def _purpose(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community = _my_community(tx, node, sender, command)
    use.set_purpose(tx, community_id=community.id, purpose=command.text, by_id=sender.id)
    return f"{notices.shown_name(community)} is for: {command.text}"


def _launch(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community = _my_community(tx, node, sender, command)
    use.launch(tx, community_id=community.id, by_id=sender.id)
    return f"{notices.shown_name(community)} is launched."


def _set(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community = _my_community(tx, node, sender, command)
    said = change(
        tx,
        node=node,
        community_id=community.id,
        wishes=wish(command.setting, command.text),
        by_id=sender.id,
    )
    name = notices.shown_name(community)
    return "\n".join([f"Done for {name}.", *said]) if said else f"{name} is set so already."


# For those who take care of a community.


def _invite(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community = _my_community(tx, node, sender, command)
    who = command.who or Acct("")
    acct = Acct(who.name) if _is_here(node, who) else who
    role = command.role or CommunityRole.MEMBER
    found = invite_called(
        tx, node=node, community_id=community.id, acct=acct, by_id=sender.id, role=role
    )
    name = notices.shown_name(community)
    if found:
        return f"@{who} is invited to {name}, and accepts by following it."
    return f"I am looking for @{who}, to invite them to {name}."


def _approve(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community, person = _case(tx, node, sender, command, _ASKING)
    memberships.approve(
        tx, node=node, community_id=community.id, actor_id=person.id, by_id=sender.id
    )
    return f"{_named(node, person, sender)} belongs to {notices.shown_name(community)} now."


def _refuse(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community, person = _case(tx, node, sender, command, _ASKING)
    memberships.refuse(
        tx,
        node=node,
        community_id=community.id,
        actor_id=person.id,
        by_id=sender.id,
        reason=command.text,
    )
    return f"{_named(node, person, sender)} was not let into {notices.shown_name(community)}."


def _remove(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community, person = _case(tx, node, sender, command, _HERE_NOW)
    memberships.remove(
        tx,
        node=node,
        community_id=community.id,
        actor_id=person.id,
        by_id=sender.id,
        reason=command.text,
    )
    name = _named(node, person, sender)
    return f"{name} does not belong to {notices.shown_name(community)} any more."


def _make(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community, person = _case(tx, node, sender, command, _HERE_NOW | {MembershipState.INVITED})
    role = command.role or CommunityRole.MEMBER
    use.set_role(
        tx,
        node=node,
        community_id=community.id,
        actor_id=person.id,
        role=role,
        by_id=sender.id,
    )
    name = _named(node, person, sender)
    return f"{name} is {role.name.lower()} of {notices.shown_name(community)} now."


def _ban(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community = _my_community(tx, node, sender, command)
    who = command.who or Acct("")
    return steward_commands.ban(tx, node, sender, community, who=who, reason=command.text)


def _unban(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    community, person = _case(tx, node, sender, command, _BANNED)
    return steward_commands.unban(tx, node, sender, community, person=person)


def _about_post(tx: Tx, node: Node, sender: ActorView, command: Command) -> str:
    return steward_commands.about_post(tx, node, sender, command, _cared_for(tx, sender))


def _named(node: Node, person: ActorView, sender: ActorView) -> str:
    return f"{notices.shown_name(person)} ({notices.address(person, node, to=sender)})"


def _case(
    tx: Tx,
    node: Node,
    sender: ActorView,
    command: Command,
    states: frozenset[MembershipState],
) -> tuple[ActorView, ActorView]:
    """The community and the person meant: where none is named, the one where it fits."""
    who = command.who or Acct("")
    places = _cared_for(tx, sender)
    if command.place is not None:
        places = [_my_community(tx, node, sender, command)]
    found = [
        (place, person) for place in places for person in _people(tx, place.id, node, who, states)
    ]
    if len(found) == 1:
        _check_is_meant(tx, sender, who, found[0][1])
        return found[0]
    if not found:
        one = notices.shown_name(places[0]) if len(places) == 1 else ""
        where = one or "the communities you take care of"
        raise NotFound(f"I found nobody called @{who} to whom this applies in {where}")
    choices = ", ".join(f"@{person.acct} in {place.handle}" for place, person in found[:5])
    raise Invalid(f"Whom do you mean, and where? I found {choices}")


def _check_is_meant(tx: Tx, sender: ActorView, who: Acct, person: ActorView) -> None:
    """Somebody elsewhere who is called like a colleague is not who is meant by the bare name.

    Raises Invalid. Apps of other servers shorten every handle to that.
    """
    if who.host is None and sender.is_local and not person.is_local:
        colleague = actors.local_by_handle(tx, who.name)
        if colleague is not None and colleague.gone_at is None:
            raise Invalid(f"Do you mean @{person.acct}? Please write the whole name")


def _people(
    tx: Tx, community_id: int, node: Node, who: Acct, states: frozenset[MembershipState]
) -> list[ActorView]:
    rows = communities.members(tx, community_id)
    wanted = [row.actor_id for row in rows if row.state in states]
    return [one for one in actors.views(tx, wanted) if _is_called(node, one, who)]


def _my_community(tx: Tx, node: Node, sender: ActorView, command: Command) -> ActorView:
    """The community named, or the only one that the sender takes care of."""
    mine = _cared_for(tx, sender)
    place = command.place
    named = [one for one in mine if place is None or _is_called(node, one, place)]
    if len(named) == 1:
        return named[0]
    if not named:
        what = "a community here" if place is None else f"a community called {place}"
        raise NotAllowed(f"You do not take care of {what}")
    handles = ", ".join(one.handle for one in named)
    raise Invalid(f"Which community? You take care of {handles}")


def _cared_for(tx: Tx, sender: ActorView) -> list[ActorView]:
    """Communities of this node in which the sender is a steward or a guide."""
    rows = communities.of_actor(tx, sender.id)
    wanted = [row.community_id for row in rows if row.is_active(tx.now) and row.role in _CARES]
    found = actors.views(tx, wanted)
    return [one for one in found if one.origin_id == HERE and one.gone_at is None]


def _sentence(message: str) -> str:
    return f"{message.rstrip('.')}."


_Deed = Callable[[Tx, Node, ActorView, Command], str]
_DEEDS: Final[dict[Verb, _Deed]] = {
    Verb.HELP: _help,
    Verb.COMMUNITIES: own_communities,
    Verb.CREATE: _create,
    Verb.PURPOSE: _purpose,
    Verb.LAUNCH: _launch,
    Verb.INVITE: _invite,
    Verb.APPROVE: _approve,
    Verb.REFUSE: _refuse,
    Verb.REMOVE: _remove,
    Verb.MAKE: _make,
    Verb.JOIN: _join,
    Verb.LEAVE: _leave,
    Verb.SET: _set,
    Verb.MUTE: _mute,
    Verb.UNMUTE: _mute,
    Verb.DIGEST: _digest,
    Verb.BAN: _ban,
    Verb.UNBAN: _unban,
    **dict.fromkeys(steward_commands.ABOUT_POSTS, _about_post),
}
