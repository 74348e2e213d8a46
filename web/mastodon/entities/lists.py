"""Communities as Mastodon's List."""

from typing import Final

from storage.views.actors import ActorView
from web.mastodon.entities.accounts import JsonDict
from web.params import as_id

_PREFIX: Final = "g"


def entity(community: ActorView) -> JsonDict:
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
