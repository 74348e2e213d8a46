"""Polls across nodes: asking, voting, and waiting for the same figures everywhere."""

from typing import Any

from sqlalchemy import bindparam, update

from jobs.queue import TOPIC
from social import tallies
from storage.queries import posts
from storage.tables.jobs import jobs
from storage.tables.polls import polls
from storage.tx import Tx
from tests.support.nodes import Json, Person, RunningNode, until

POLL: dict[str, Any] = {"options": ["Graphs", "Ethics", "Both"], "expires_in": 3600}


async def ask(person: Person, text: str, **more: Any) -> Json:
    """Post a poll; the Status."""
    poll = POLL | more.pop("poll", {})
    return await person.say(text, poll=poll, **more)


async def vote(person: Person, status: Json, *choices: int) -> Json:
    """Choose in the poll of a status; the Poll."""
    return await person.post(f"/api/v1/polls/{status['poll']['id']}/votes", choices=list(choices))


async def poll_of(person: Person, status: Json) -> Json:
    """How the poll of a status stands, for this person."""
    return await person.get(f"/api/v1/polls/{status['id']}")


def figures(poll: Json) -> list[int | None]:
    """How often each answer was chosen."""
    return [option["votes_count"] for option in poll["options"]]


async def counted(person: Person, status: Json, *expected: int, voters: int | None = None) -> None:
    """Wait until somebody sees these figures."""

    async def so() -> bool:
        poll = await poll_of(person, status)
        right = voters is None or poll["voters_count"] == voters
        return figures(poll) == list(expected) and right

    await until(so)


_HURRY = update(jobs).where(jobs.c.kind == tallies.TALLY).values(run_at=0)
_AGES = update(polls).values(told_at=0)
_END = update(polls).where(polls.c.post_id == bindparam("key")).values(ends_at=bindparam("at"))


def _hurry(tx: Tx) -> None:
    tx.change(_AGES)
    tx.change(_HURRY)
    tx.publish(TOPIC)


async def tell_now(node: RunningNode) -> None:
    """As if a while had passed: figures that have changed are told now."""
    await node.db.write(_hurry)


def _end(tx: Tx, post_id: int) -> None:
    tx.change(_END, key=post_id, at=tx.now)
    row = posts.by_id(tx, post_id)
    assert row is not None
    tallies.close_later(tx, row, tx.now)


async def end_now(node: RunningNode, status: Json) -> None:
    """The time of a poll has come, on this node."""
    await node.db.write(_end, int(status["id"]))
