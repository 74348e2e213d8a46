"""Small builders that put rows straight through a Tx, without any rule of the product."""

from itertools import count
from typing import Any, Final

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects.postgresql import Insert, insert

from domain.audience import Audience, Viewer
from domain.ids import HERE
from domain.kinds import (
    ActorType,
    AgreementKind,
    Directory,
    FollowState,
    History,
    MembershipState,
    Role,
    Way,
)
from domain.node import Node
from domain.roles import CommunityRole
from storage.queries.ids import new_id
from storage.queries.origins import origin_id
from storage.queries.posts import by_id
from storage.tables.accounts import accounts, tokens
from storage.tables.actors import actors
from storage.tables.communities import cards, communities, memberships
from storage.tables.origins import agreements, origins
from storage.tables.posts import mentions, post_tags, posts
from storage.tables.relations import blocks, domain_blocks, follows, likes, mutes
from storage.tables.timelines import home_entries
from storage.tx import Tx
from tests.support.rows import ACCOUNT, ACTOR, CARD, COMMUNITY, POST

NODE: Final = Node(origin="https://here.example", handle_domain="here.example")
FAR: Final = 1 << 60
"""A home that stays fresh."""
AGREED: Final[dict[str, Any]] = {
    "uri": "",
    "directory": Directory.SHARED,
    "contact": "",
    "ended_at": None,
}
"""What an agreement says besides its kind and its time."""

_STATEMENTS: Final[dict[Any, Insert]] = {
    table: insert(table).values({column.name: bindparam(column.name) for column in table.c})
    for table in (
        *(accounts, actors, agreements, blocks, cards, communities, follows, home_entries),
        *(likes, memberships, mentions, origins, post_tags, posts, tokens),
        *(domain_blocks, mutes),
    )
}
_numbers = count(1)


def put(tx: Tx, table: Table, **values: Any) -> None:
    """One row; every column must be given."""
    tx.run(_STATEMENTS[table], **values)


def add_node(tx: Tx) -> int:
    """What the first start makes: our origin, the Application actor, the helper (its id)."""
    application = add_actor(tx, "node", type=ActorType.APPLICATION)
    add_origin(tx, NODE.origin, id=HERE, application_id=application)
    return add_actor(tx, "tertulia", type=ActorType.SERVICE)


def add_origin(
    tx: Tx,
    origin: str,
    *,
    id: int | None = None,  # noqa: A002
    application_id: int | None = None,
) -> int:
    identifier = id or new_id(tx)
    put(
        tx,
        origins,
        id=identifier,
        origin=origin,
        software=None,
        application_id=application_id,
        scheme=0,
        failures=0,
        failing_since=None,
        retry_at=0,
        first_seen_at=tx.now,
    )
    return identifier


def add_actor(
    tx: Tx,
    handle: str,
    *,
    origin_id: int = HERE,
    base: str = NODE.origin,
    type: ActorType = ActorType.PERSON,  # noqa: A002
    **values: Any,
) -> int:
    identifier = values.pop("id", None) or new_id(tx)
    uri = f"{base}/a/{identifier}"
    row = {
        "id": identifier,
        "origin_id": origin_id,
        "uri": uri,
        "type": type,
        "handle": handle,
        "handle_folded": handle.lower(),
        "domain": base.removeprefix("https://"),
        "name": handle.title(),
        "url": f"{base}/@{handle}",
        "inbox": f"{uri}/inbox",
        "shared_inbox": f"{base}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "following": f"{uri}/following",
        "created_at": tx.now,
        "fetched_at": tx.now,
    }
    put(tx, actors, **ACTOR | row | values)
    return int(identifier)


def add_person(
    tx: Tx, handle: str, *, role: Role = Role.MEMBER, home_fresh_until: int = FAR, **values: Any
) -> int:
    """Somebody with an account here; a fresh home unless said otherwise."""
    identifier = add_actor(tx, handle, **values)
    put(
        tx,
        accounts,
        id=identifier,
        email=f"{handle}@mail.example",
        email_folded=f"{handle}@mail.example".lower(),
        role=role,
        home_fresh_until=home_fresh_until,
        created_at=values.get("created_at", tx.now),
        **ACCOUNT,
    )
    return identifier


def add_remote(tx: Tx, handle: str, origin: str = "https://far.example", **values: Any) -> int:
    """Somebody who lives on `origin`, which is stored if it is new."""
    return add_actor(tx, handle, origin_id=origin_of(tx, origin), base=origin, **values)


def origin_of(tx: Tx, origin: str) -> int:
    return HERE if origin == NODE.origin else origin_id(tx, origin)


def add_sister(
    tx: Tx, origin_id: int, *, since: int = 0, until: int | None = None, active: bool = True
) -> None:
    put(
        tx,
        agreements,
        origin_id=origin_id,
        kind=AgreementKind.SISTER,
        since=since,
        until=until,
        active=active,
        **AGREED,
    )


def add_follow(
    tx: Tx,
    follower: int,
    target: int,
    *,
    state: FollowState = FollowState.ACCEPTED,
    shares: bool = True,
    notify: bool = False,
    languages: str = "",
    accepted_at: int = 0,
    created_at: int | None = None,
) -> None:
    """`accepted_at`: from the beginning, unless said otherwise."""
    put(
        tx,
        follows,
        id=new_id(tx),
        follower_id=follower,
        target_id=target,
        state=state,
        uri=f"{NODE.origin}/act/{next(_numbers)}",
        shares=shares,
        notify=notify,
        languages=languages,
        created_at=tx.now if created_at is None else created_at,
        accepted_at=accepted_at if state is FollowState.ACCEPTED else None,
    )


def add_block(tx: Tx, blocker: int, blocked: int) -> None:
    put(
        tx,
        blocks,
        id=new_id(tx),
        blocker_id=blocker,
        blocked_id=blocked,
        created_at=tx.now,
        uri=None,
    )


def add_mute(
    tx: Tx, muter: int, muted: int, *, notifications: bool = True, until: int | None = None
) -> None:
    put(
        tx,
        mutes,
        id=new_id(tx),
        muter_id=muter,
        muted_id=muted,
        notifications=notifications,
        until=until,
        created_at=tx.now,
    )


def add_domain_block(tx: Tx, actor: int, domain: str) -> None:
    put(tx, domain_blocks, id=new_id(tx), actor_id=actor, domain=domain, created_at=tx.now)


def add_like(tx: Tx, actor: int, post: int) -> int:
    identifier = new_id(tx)
    uri = f"{NODE.origin}/act/{identifier}"
    put(
        tx,
        likes,
        id=identifier,
        actor_id=actor,
        post_id=post,
        uri=uri,
        created_at=tx.now,
        emoji="",
        emoji_url=None,
    )
    return identifier


def add_community(tx: Tx, handle: str, *, history: History = History.ALL, **values: Any) -> int:
    identifier = add_actor(tx, handle, type=ActorType.GROUP, **values)
    put_community(tx, identifier, history=history)
    return identifier


def put_community(
    tx: Tx, identifier: int, *, history: History = History.ALL, **values: Any
) -> None:
    """The row that makes an actor a community: for members, with partners, launched."""
    given = COMMUNITY | {"created_at": tx.now, "launched_at": tx.now} | values
    put(tx, communities, actor_id=identifier, history=history, **given)


def add_membership(
    tx: Tx,
    community: int,
    actor: int,
    *,
    state: MembershipState = MembershipState.ACTIVE,
    since: int = 0,
    until: int | None = None,
    role: CommunityRole = CommunityRole.MEMBER,
    way: Way = Way.HERE,
) -> None:
    put(
        tx,
        memberships,
        community_id=community,
        actor_id=actor,
        state=state,
        since=since,
        until=until,
        role=role,
        way=way,
        sponsor_id=None,
        asked_at=since,
    )


def add_post(
    tx: Tx,
    author: int,
    audience: Audience | None = None,
    *,
    root: int | None = None,
    root_audience: Audience | None = None,
    root_author: int | None = None,
    named: tuple[int, ...] = (),
    silent: tuple[int, ...] = (),
    tags: tuple[str, ...] = (),
    **values: Any,
) -> int:
    """A stored post. Without `root` it starts a thread; the pair defaults to our network."""
    pair = audience or Audience.network(HERE)
    root_pair = root_audience or pair
    identifier = values.pop("id", None) or new_id(tx)
    row = POST | {
        "id": identifier,
        "uri": f"{NODE.origin}/o/{identifier}",
        "url": f"{NODE.origin}/@x/{identifier}",
        "origin_id": HERE,
        "author_id": author,
        "kind": pair.kind,
        "owner_id": pair.owner,
        "root_id": root or identifier,
        "root_kind": root_pair.kind,
        "root_owner_id": root_pair.owner,
        "root_author_id": root_author or author,
        "created_at": tx.now,
        "stored_at": tx.now,
    }
    row |= values
    put(tx, posts, **row)
    for actor in {*named, *silent}:
        put(tx, mentions, post_id=identifier, actor_id=actor, silent=actor in silent)
    for tag in tags:
        put(tx, post_tags, tag=tag.lower(), post_id=identifier, name=tag, kind=row["kind"])
    return int(identifier)


def add_reply(tx: Tx, author: int, parent: int, **values: Any) -> int:
    """An answer in the thread of a stored post, with the root's own audience unless given."""
    above = by_id(tx, parent)
    assert above is not None
    values.setdefault("audience", Audience(above.root_kind, above.root_owner_id))
    return add_post(
        tx,
        author,
        root=above.root_id,
        root_audience=Audience(above.root_kind, above.root_owner_id),
        root_author=above.root_author_id,
        reply_to_id=above.id,
        reply_to_author_id=above.author_id,
        **values,
    )


def add_share(tx: Tx, author: int, original: int, **values: Any) -> int:
    """A share with the pairs of what it shares."""
    shared = by_id(tx, original)
    assert shared is not None
    return add_post(
        tx,
        author,
        Audience(shared.kind, shared.owner_id),
        root=shared.root_id,
        root_audience=Audience(shared.root_kind, shared.root_owner_id),
        root_author=shared.root_author_id,
        share_of_id=original,
        content="",
        source=None,
        **values,
    )


def add_wrapper(tx: Tx, community: int, original: int, **values: Any) -> int:
    """What a community shows of a post that was written in it."""
    return add_share(tx, community, original, place_id=community, **values)


def add_card(tx: Tx, community: int, actor: int, **values: Any) -> None:
    """What a community says of one of its members."""
    given = CARD | {"made_at": tx.now} | values
    put(tx, cards, community_id=community, actor_id=actor, **given)


def add_home_entry(tx: Tx, actor: int, post: int, author: int) -> None:
    put(tx, home_entries, actor_id=actor, post_id=post, author_id=author)


def member(actor: int) -> Viewer:
    """A full member here."""
    return Viewer.local(actor, full=True)


def guest(actor: int) -> Viewer:
    """A guest here."""
    return Viewer.local(actor, full=False)
