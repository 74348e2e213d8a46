"""Looking at the files that an app was given, and making a post one that anybody may look at."""

from sqlalchemy import bindparam, update

from domain.audience import Kind
from storage.tables.posts import posts
from storage.tx import Tx
from tests.support.nodes import Answer, Json, RunningNode

_FOR_THE_WORLD = (
    update(posts)
    .where(posts.c.id == bindparam("key"))
    .values(kind=Kind.PUBLIC, owner_id=0, root_kind=Kind.PUBLIC, root_owner_id=0)
)


async def seen(
    node: RunningNode, media: Json, *, small: bool = False, headers: dict[str, str] | None = None
) -> Answer:
    """What is at an address that somebody's app was given; the app sends no token there."""
    address = media["preview_url" if small else "url"]
    return await node.ask("GET", address, headers=headers or {})


def for_the_world(tx: Tx, post_id: int) -> None:
    """What was said for the network is for anybody from now on."""
    tx.change(_FOR_THE_WORLD, key=post_id)
