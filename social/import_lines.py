"""What one line of a list asks for, and what goes when a list takes the place of what was there."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from domain.addresses import parse_url
from domain.audience import Viewer
from domain.csv_lists import Said
from domain.errors import Invalid, NotFound, TooMany
from domain.handles import fold, parse_acct
from domain.kinds import ActorType, ImportKind
from domain.node import Node
from federation.fetcher import Fetcher
from social import attempts, blocks, bookmarks, domain_blocks, follows, lists, mutes, search
from social.wishes import Wishes
from storage.queries import actors, posts
from storage.queries import bookmarks as kept
from storage.queries import follows as stored_follows
from storage.queries import lists as stored_lists
from storage.tx import Tx
from storage.views import exports, people
from storage.views.exports import Entry

AT_ONCE: Final = 50
"""What one unit takes away: there is one writer."""

FOLLOWS: Final = attempts.Pace(2_000, 43)
"""New follows of one person by lists: some 2,000 a day."""

Act = Callable[[Tx, Viewer], None]
"""What a line does, with the rights that the person has when it is done."""

_NOBODY: Final = "Nobody of this name was found"

Asks = Callable[[str], Awaitable[None]]
"""Called with the name of a server before that is asked for what is not known here."""


async def understood(
    fetcher: Fetcher, *, viewer: Viewer, kind: ImportKind, said: Said, asks: Asks
) -> Act:
    """What a line asks for; whom it names is looked up first, on other servers too.

    Raises:
        NotFound: nobody and nothing of that name, as far as this person can know.
        Invalid: the line says nothing of use.
        What `asks` raises.
    """
    node, me = fetcher.node, viewer.actor
    if kind is ImportKind.DOMAIN_BLOCKS:
        domain = domain_blocks.domain_of(node, said.get("domain", ""))
        return lambda tx, _: domain_blocks.shut_out(tx, node=node, actor_id=me, domain=domain)
    if kind is ImportKind.BOOKMARKS:
        post_id = await _post(fetcher, viewer, said.get("uri", ""), asks)
        return lambda tx, now: _bookmark(tx, now, post_id)
    other = await _person(fetcher, viewer, said.get("account", ""), asks)
    about = _about(node, me, kind, other, said)
    return lambda tx, now: _if_known(tx, now, other, about)


def _if_known(tx: Tx, viewer: Viewer, other: int, act: Callable[[Tx], None]) -> None:
    if not people.people(tx, viewer, [other]):
        raise NotFound(_NOBODY)
    act(tx)


def _about(node: Node, me: int, kind: ImportKind, other: int, said: Said) -> Callable[[Tx], None]:
    match kind:
        case ImportKind.FOLLOWS:
            return lambda tx: _follow(tx, node, me, other, said)
        case ImportKind.BLOCKS:
            return lambda tx: blocks.block(tx, node=node, actor_id=me, other_id=other)
        case ImportKind.MUTES:
            notifications = said.get("notifications", True)
            return lambda tx: mutes.mute(
                tx, actor_id=me, other_id=other, notifications=notifications
            )
        case _:
            return lambda tx: _put_on_list(tx, me, said.get("list", ""), other)


async def _person(fetcher: Fetcher, viewer: Viewer, typed: str, asks: Asks) -> int:
    acct = parse_acct(typed)
    if acct is None:
        raise Invalid("This is no address of an account")
    host = acct.host or fetcher.node.handle_domain
    found = await _found(fetcher, viewer, f"@{acct.name}@{host}", host, asks)
    if not found.people:
        raise NotFound(_NOBODY)
    return found.people[0].id


async def _found(
    fetcher: Fetcher, viewer: Viewer, name: str, host: str, asks: Asks
) -> search.Found:
    """What a name or an address means; a server is asked only if it is the last resort."""
    node = fetcher.node
    found = await fetcher.db.read(search.known, node=node, viewer=viewer, text=name)
    if found or not viewer.full or host in {node.handle_domain, parse_url(node.origin).authority}:
        return found
    await asks(host)
    return await search.resolve(fetcher.db, fetcher, viewer=viewer, q=name)


async def _post(fetcher: Fetcher, viewer: Viewer, uri: str, asks: Asks) -> int:
    if "://" not in uri or not search.is_name(uri):
        raise Invalid("This is no address of a post")
    found = await _found(fetcher, viewer, uri, parse_url(uri).authority, asks)
    if not found.posts:
        raise NotFound("This post was not found, or is not for you")
    return found.posts[0].id


def _follow(tx: Tx, node: Node, me: int, other: int, said: Said) -> None:
    wishes = Wishes(
        shares=said.get("shares"),
        notify=said.get("notify"),
        languages=tuple(said["languages"]) if said.get("languages") else None,
    )
    if stored_follows.find(tx, me, other) is None:
        _count_follow(tx, me)
    follows.follow(tx, node=node, follower_id=me, target_id=other, wishes=wishes)


def _count_follow(tx: Tx, me: int) -> None:
    try:
        attempts.take(tx, [attempts.Attempt("follows", str(me), FOLLOWS)])
    except TooMany:
        raise TooMany("Enough follows for today. Please send this line again tomorrow") from None


def _bookmark(tx: Tx, viewer: Viewer, post_id: int) -> None:
    bookmarks.bookmark(tx, viewer=viewer, post_id=post_id)


def _put_on_list(tx: Tx, me: int, title: str, other: int) -> None:
    mine = {one.title: one.id for one in stored_lists.of(tx, me)}
    wanted = title.strip()
    list_id = mine[wanted] if wanted in mine else lists.make(tx, actor_id=me, title=wanted)
    lists.add(tx, actor_id=me, list_id=list_id, member_ids=[other])


# What a list takes the place of.


def going(
    tx: Tx, *, node: Node, viewer: Viewer, kind: ImportKind, wanted: list[Said]
) -> list[Entry]:
    """What is there and not among `wanted`, for `take_away`. Reads only, and may be long.

    Communities are left by leaving them, and never because a list does not name them.
    """
    keys = {_key(node, kind, said) for said in wanted}
    there = exports.entries(tx, viewer, kind)
    over = [(about, said) for about, said in there if _key(node, kind, said) not in keys]
    if kind is ImportKind.FOLLOWS:
        groups = _groups(tx, [about for about, _ in over])
        over = [(about, said) for about, said in over if about not in groups]
    if kind is ImportKind.LISTS:  # and those lists themselves, once they are empty
        titles = {said.get("list", "").strip() for said in wanted}
        mine = stored_lists.of(tx, viewer.actor)
        over += [(one.id, {}) for one in mine if one.title.strip() not in titles]
    return over


def _groups(tx: Tx, ids: list[int]) -> set[int]:
    return {one.id for one in actors.views(tx, ids) if one.type is ActorType.GROUP}


def _key(node: Node, kind: ImportKind, said: Said) -> tuple[str, ...]:
    if kind is ImportKind.DOMAIN_BLOCKS:
        try:
            return (domain_blocks.domain_of(node, said.get("domain", "")),)
        except Invalid:
            return ("",)
    if kind is ImportKind.BOOKMARKS:
        return (said.get("uri", ""),)
    acct = parse_acct(said.get("account", ""))
    name = f"{fold(acct.name)}@{acct.host or node.handle_domain}" if acct is not None else ""
    return (said.get("list", "").strip(), name) if kind is ImportKind.LISTS else (name,)


def take_away(tx: Tx, node: Node, me: int, kind: ImportKind, entry: Entry) -> None:
    """Take one of them away; nothing happens if it went meanwhile."""
    about, said = entry
    match kind:
        case ImportKind.FOLLOWS:
            follows.unfollow(tx, node=node, follower_id=me, target_id=about)
        case ImportKind.BLOCKS:
            with suppress(NotFound):
                blocks.unblock(tx, node=node, actor_id=me, other_id=about)
        case ImportKind.MUTES:
            mutes.unmute(tx, actor_id=me, other_id=about)
        case ImportKind.DOMAIN_BLOCKS:
            domain_blocks.let_in(tx, actor_id=me, domain=said["domain"])
        case ImportKind.BOOKMARKS:
            post = posts.by_uri(tx, said["uri"])
            if post is not None:
                kept.remove(tx, me, post.id)
        case ImportKind.LISTS:
            with suppress(NotFound):
                _off_list(tx, me, about, said)


def _off_list(tx: Tx, me: int, about: int, said: Said) -> None:
    """Somebody off a list; or a list, if `about` is one and nothing is said of it."""
    if not said:
        lists.remove(tx, actor_id=me, list_id=about)
        return
    for one in stored_lists.of(tx, me):
        if one.title == said["list"]:
            lists.take_off(tx, actor_id=me, list_id=one.id, member_ids=[about])
