"""Lists: those that people make of whom they follow, and every community of the caller's.

No app knows communities; every app shows lists (mastodon-api.md §4). A community's list has the id
`g` and the community's id, with a timeline and a stream of its own; whoever leaves the community
has no such list any more.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from aiohttp.web import StreamResponse

from domain.audience import Viewer
from domain.errors import Invalid, NotAllowed, NotFound
from domain.kinds import RepliesPolicy
from social import lists as use
from storage.queries import lists as stored
from storage.queries.lists import ListRow
from storage.tx import Tx
from storage.views import communities, list_pages, people, timelines
from storage.views.actors import ActorView
from storage.views.paging import Page
from storage.views.timelines import Entry
from web.call import Call
from web.mastodon.entities.accounts import Account, account
from web.mastodon.entities.formats import Nothing
from web.mastodon.entities.lists import UserList, entity, list_id, own, policy_named
from web.mastodon.entities.statuses import Status
from web.mastodon.paging import PEOPLE, links, page_of
from web.mastodon.rendering import timeline
from web.params import as_id
from web.responses import empty, json
from web.routes import Access, Route, change, delete, get, post

_LEAVE: Final = "This list is a community. To be rid of it, leave the community: unfollow it"
_FIXED: Final = "This list is a community. It keeps its name, and its members are who joined it"


def community_of(call: Call) -> int | None:
    """The community that the path means; None for one of the caller's own lists.

    Raises:
        NotFound: it can be neither.
    """
    name = call.request.match_info["list"]
    if as_id(name) is not None:
        return None
    found = list_id(name)
    if found is None:
        raise NotFound
    return found


async def show_all(call: Call) -> StreamResponse:
    """GET /api/v1/lists: the caller's own, the oldest first, then their communities by handle."""
    mine, joined = await call.read(_all_of, call.viewer)
    return json([*map(own, mine), *map(entity, joined)])


def _all_of(tx: Tx, viewer: Viewer) -> tuple[list[ListRow], list[ActorView]]:
    return stored.of(tx, viewer.actor), communities.mine(tx, viewer)


async def shared_with(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id/lists: on which lists of the caller's somebody is.

    And the communities in which the two of them are together.
    """
    mine, joined = await call.read(_holding, call.viewer, call.id())
    return json([*map(own, mine), *map(entity, joined)])


def _holding(tx: Tx, viewer: Viewer, actor_id: int) -> tuple[list[ListRow], list[ActorView]]:
    people.person(tx, viewer, actor_id)
    mine = stored.holding(tx, viewer.actor, actor_id)
    return mine, communities.shared_with(tx, viewer, actor_id)


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/lists/:id."""
    return json(await _shown(call))


async def _shown(call: Call) -> UserList:
    community = community_of(call)
    if community is None:
        return own(await call.read(list_pages.one_of_mine, call.viewer, call.id("list")))
    return entity(await call.read(communities.one_of_mine, call.viewer, community))


async def members(call: Call) -> StreamResponse:
    """GET /api/v1/lists/:id/accounts: who is on it; of a community, as far as is known here.

    `limit=0` asks for all of them at once, as apps do before they show a list's members.
    """
    everybody = call.params.text("limit") == "0"
    page = Page(limit=list_pages.MOST_SHOWN) if everybody else page_of(call, PEOPLE)
    community = community_of(call)
    if community is None:
        found = await call.read(list_pages.members, call.viewer, call.id("list"), page)
    else:
        found = await call.read(communities.members, call.viewer, community, page)
    shown = [account(line.actor, call.node, call.viewer) for line in found]
    return json(shown, headers=links(call, [line.cursor for line in found]))


async def posts(call: Call) -> StreamResponse:
    """GET /api/v1/timelines/list/:id."""
    community = community_of(call)
    if community is not None:
        return await timeline(call, partial(_written_in, community_id=community))
    return await timeline(call, partial(list_pages.list_page, list_id=call.id("list")))


def _written_in(tx: Tx, viewer: Viewer, page: Page, *, community_id: int) -> list[Entry]:
    communities.one_of_mine(tx, viewer, community_id)
    return timelines.community_page(tx, viewer, page, community_id=community_id)


async def make(call: Call) -> StreamResponse:
    """POST /api/v1/lists."""
    made = await call.write(
        _make,
        viewer=call.viewer,
        title=call.params.text("title"),
        policy=_policy(call) or RepliesPolicy.LIST,
        exclusive=call.params.flag("exclusive"),
    )
    return json(own(made))


def _make(tx: Tx, *, viewer: Viewer, title: str, policy: RepliesPolicy, exclusive: bool) -> ListRow:
    made = use.make(
        tx, actor_id=viewer.actor, title=title, replies_policy=policy, exclusive=exclusive
    )
    return list_pages.one_of_mine(tx, viewer, made)


async def rename(call: Call) -> StreamResponse:
    """PUT /api/v1/lists/:id: what is not sent stays as it is."""
    await _refuse_community(call, _FIXED)
    params = call.params
    await call.write(
        use.change,
        actor_id=call.person.actor_id,
        list_id=call.id("list"),
        title=params.text("title") if "title" in params else None,
        replies_policy=_policy(call),
        exclusive=params.maybe_flag("exclusive"),
    )
    return json(await _shown(call))


async def remove(call: Call) -> StreamResponse:
    """DELETE /api/v1/lists/:id; of communities, joining and leaving are acts of their own."""
    await _refuse_community(call, _LEAVE)
    await call.write(use.remove, actor_id=call.person.actor_id, list_id=call.id("list"))
    return empty()


async def add(call: Call) -> StreamResponse:
    """POST /api/v1/lists/:id/accounts."""
    await _refuse_community(call, _FIXED)
    await call.write(_members(use.add, call))
    return empty()


async def take_off(call: Call) -> StreamResponse:
    """DELETE /api/v1/lists/:id/accounts."""
    await _refuse_community(call, _FIXED)
    await call.write(_members(use.take_off, call))
    return empty()


def _members(act: Callable[..., None], call: Call) -> Callable[[Tx], None]:
    ids = call.params.ids("account_ids", most=use.MOST_MEMBERS)
    given = {"actor_id": call.person.actor_id, "list_id": call.id("list"), "member_ids": ids}
    return partial(act, **given)


def _policy(call: Call) -> RepliesPolicy | None:
    name = call.params.maybe("replies_policy")
    if name is None:
        return None
    policy = policy_named(name)
    if policy is None:
        raise Invalid("replies_policy is followed, list or none", "replies_policy")
    return policy


async def _refuse_community(call: Call, why: str) -> None:
    """Whoever is no member of the community learns nothing, not even this."""
    if community_of(call) is not None:
        await _shown(call)
        raise NotAllowed(why)


_ONE: Final = "/api/v1/lists/{list}"
_READ: Final = "read:lists"
_WRITE: Final = "write:lists"

ROUTES: list[Route] = [
    get("/api/v1/lists", show_all, Access.ACCOUNT, _READ, answers=list[UserList]),
    post("/api/v1/lists", make, Access.ACCOUNT, _WRITE, answers=UserList),
    get(_ONE, show, Access.ACCOUNT, _READ, answers=UserList),
    *change(_ONE, rename, Access.ACCOUNT, _WRITE, answers=UserList),
    delete(_ONE, remove, Access.ACCOUNT, _WRITE, answers=Nothing),
    get(f"{_ONE}/accounts", members, Access.ACCOUNT, _READ, answers=list[Account]),
    post(f"{_ONE}/accounts", add, Access.ACCOUNT, _WRITE, answers=Nothing),
    delete(f"{_ONE}/accounts", take_off, Access.ACCOUNT, _WRITE, answers=Nothing),
    get(
        *("/api/v1/accounts/{id}/lists", shared_with, Access.ACCOUNT, _READ),
        answers=list[UserList],
    ),
    get("/api/v1/timelines/list/{list}", posts, Access.ACCOUNT, _READ, answers=list[Status]),
]
