"""People's own lists, and communities, as Mastodon's List."""

from typing import Final, Literal, TypedDict

from domain.kinds import RepliesPolicy
from storage.queries.lists import ListRow
from storage.views.actors import ActorView
from web.mastodon.entities.formats import ListId
from web.params import as_id

_PREFIX: Final = "g"


class UserList(TypedDict):
    """A list of one's own, or a community (Mastodon's List)."""

    id: ListId
    title: str
    replies_policy: Literal["followed", "list", "none"]
    exclusive: bool


_POLICIES: Final[dict[RepliesPolicy, Literal["followed", "list", "none"]]] = {
    RepliesPolicy.FOLLOWED: "followed",
    RepliesPolicy.LIST: "list",
    RepliesPolicy.NONE: "none",
}


def policy_named(name: str) -> RepliesPolicy | None:
    """The policy that a client names; None: there is none of that name."""
    return next((policy for policy, known in _POLICIES.items() if known == name), None)


def own(row: ListRow) -> UserList:
    """A List of one's own."""
    return {
        "id": str(row.id),
        "title": row.title,
        "replies_policy": _POLICIES[row.replies_policy],
        "exclusive": row.exclusive,
    }


def entity(community: ActorView) -> UserList:
    """A List. Its posts stand at home too, and all answers are shown in it."""
    return {
        "id": name_of(community.id),
        "title": community.name or community.handle,
        "replies_policy": "list",
        "exclusive": False,
    }


def name_of(community_id: int) -> str:
    """The id of a community's list, for apps."""
    return f"{_PREFIX}{community_id}"


def list_id(name: str) -> int | None:
    """The community that a list's id means; nothing for anything else."""
    return as_id(name[len(_PREFIX) :]) if name.startswith(_PREFIX) else None
