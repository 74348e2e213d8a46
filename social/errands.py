"""What communities need done behind the requests: founding, inviting, ending what is over."""

from functools import partial
from typing import Final

from domain.errors import Problem
from domain.kinds import Preset
from domain.node import Node
from federation.fetcher import Fetcher
from federation.keyring import Keyring
from jobs.queue import Decision, Job
from jobs.schedule import Every
from jobs.worker import Each, Handler
from social import communities as use
from social import helper, memberships, moderating
from social.invitations import invite_elsewhere
from storage.database import Database
from storage.queries import actors, communities
from storage.tx import Tx

FOUND: Final = "found_community"
"""The job that makes the keys of a community, and then the community."""

_FOR_WHOM: Final = {
    Preset.HERE: "open to everyone here",
    Preset.MEMBERS: "for members only",
    Preset.PARTNERS: "for members only, with partners",
    Preset.WORLD: "open to the world",
}
END_DUE: Final = "end_memberships"
END_DUE_EVERY_MS: Final = 60 * 1000
"""How late a membership that gives no rights any more is closed, and people are told."""


async def found_community(db: Database, keyring: Keyring, node: Node, job: Job) -> Decision:
    """The job: make keys, then the community. Running it twice changes nothing."""
    keys = await keyring.generate()

    def found(tx: Tx) -> None:
        said = job.payload
        preset = Preset(said.get("preset", Preset.MEMBERS))
        if _is_founded(tx, said["handle"], said["by"]):
            return
        try:
            use.found(
                tx,
                node=node,
                handle=said["handle"],
                name=said["name"],
                purpose=said["purpose"],
                preset=preset,
                by_id=said["by"],
                keys=keys,
            )
            answer = _founded(said["handle"], said["purpose"], preset)
        except Problem as problem:
            answer = f"{problem.message.rstrip('.')}."
        helper.tell(tx, node=node, person_id=said["by"], text=answer)

    await db.write(found)
    return None


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kinds of job that belong to communities, for the worker."""
    db, keyring, node = fetcher.db, fetcher.keyring, fetcher.node

    async def end_due(_job: Job) -> Decision:
        while await db.write(memberships.end_due, node=node):
            pass
        return None

    async def take_out_all(job: Job) -> Decision:
        said = job.payload
        while await db.write(
            moderating.take_out_all,
            node=node,
            community_id=said["community"],
            author_id=said["author"],
            by_id=said["by"],
            reason=said["reason"],
        ):
            pass
        return None

    return {
        moderating.TAKE_OUT_ALL: Each(take_out_all, attempts=5),
        memberships.INVITE: Each(partial(invite_elsewhere, fetcher), attempts=5, limit=8),
        FOUND: Each(partial(found_community, db, keyring, node), attempts=5),
        END_DUE: Each(end_due),
    }


def schedule() -> list[Every]:
    """What happens again and again."""
    return [Every(END_DUE, END_DUE_EVERY_MS)]


def _is_founded(tx: Tx, handle: str, by_id: int) -> bool:
    actor = actors.local_by_handle(tx, handle)
    return actor is not None and communities.member(tx, actor.id, by_id) is not None


def _founded(handle: str, purpose: str, preset: Preset) -> str:
    missing = "" if purpose else f"\npurpose {handle}: what it is for"
    needed = "a second steward who says yes" + ("" if purpose else ", and a purpose")
    return (
        f"@{handle} is there, {_FOR_WHOM[preset]}, and you are its steward. It needs"
        f" {needed}; then launch it.{missing}\n"
        f"invite @name to {handle}\nmake @name steward of {handle}\nlaunch {handle}"
    )
