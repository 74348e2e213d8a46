"""Whatever order things come in, and whoever is away meanwhile, nodes end up showing the same."""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.ports import free_port
from domain.kinds import RuleAction
from server.wiring import Role as ProcessRole
from storage.queries import origins
from tests.support.nodes import Json, Nodes, Person, RunningNode, running_node, until
from tests.support.saying import deliver_as
from tests.together.spies import a_spy
from tests.together.stories import (
    befriend,
    cannot_find,
    dropped,
    is_gone,
    known,
    published,
    settled,
    the_wait_is_over,
    thread_of,
    waiting,
)

Documents = Sequence[dict[str, Any]]


async def deliver(author: Person, node: RunningNode, document: dict[str, Any]) -> int:
    """POST a document to another node as its author's own node would; the status."""
    return await deliver_as(author.node, author.id, node, document)


def told_of(status: Json) -> Json:
    """What must be the same in the end, whoever saw it come."""
    names = (
        *("uri", "content", "spoiler_text", "visibility", "edited_at", "created_at"),
        *("replies_count", "favourites_count", "reblogs_count"),
    )
    return {name: status[name] for name in names}


async def thread_as_shown(person: Person, uri: str) -> list[Json]:
    """A thread with everything that is told of its posts."""
    top = await person.find_post(uri)
    below = (await person.get(f"/api/v1/statuses/{top['id']}/context"))["descendants"]
    return [told_of(status) for status in (top, *below)]


async def a_busy_thread(ana: Person) -> str:
    """A thread with edits, answers, a share that was taken back, a deleted post; its root's id."""
    root = await ana.say("one")
    await ana.put(f"/api/v1/statuses/{root['id']}", status="one, edited #twice")
    second = await ana.say("two", in_reply_to_id=root["id"])
    await ana.put(f"/api/v1/statuses/{root['id']}", status="one, edited again #twice")
    await ana.say("three", in_reply_to_id=second["id"], spoiler_text="careful")
    gone = await ana.say("four", in_reply_to_id=root["id"])
    await ana.post(f"/api/v1/statuses/{second['id']}/reblog")
    await ana.delete(f"/api/v1/statuses/{gone['id']}")
    await ana.post(f"/api/v1/statuses/{second['id']}/unreblog")
    await settled(ana.node)
    return str(root["uri"])


@pytest.mark.both
@pytest.mark.parametrize("seed", range(4))
async def test_any_order_and_repetition_ends_in_the_same_state(nodes: Nodes, seed: int) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    root = await a_busy_thread(ana)
    documents = await published(hq)
    await befriend(ben, ana)
    order = documents * 2 if seed else documents
    if seed == 1:
        order.reverse()
    elif seed:
        random.Random(seed).shuffle(order)
    for document in order:
        assert await deliver(ana, lab, document) == 202
    await settled(hq, lab)
    expected = await thread_as_shown(ana, root)
    assert [status["content"] for status in expected] != []
    assert await thread_as_shown(ben, root) == expected
    account = (await ben.find(ana.acct))["id"]
    shown = await ben.get(f"/api/v1/accounts/{account}/statuses")
    assert sorted(one["uri"] for one in shown) == sorted(one["uri"] for one in expected)
    tagged = await ben.get("/api/v1/timelines/tag/twice")
    assert [one["uri"] for one in tagged] == [root]


@pytest.mark.parametrize("seed", range(3))
async def test_likes_shares_and_their_undoing_settle_in_any_order(nodes: Nodes, seed: int) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)  # her key is known at lab
    made, kept = await ben.say("to be liked"), await ben.say("to be kept")
    first, second = await ana.find_post(made["uri"]), await ana.find_post(kept["uri"])
    await settled(hq, lab)
    before = len(await published(hq))
    await hq.db.write(origins.set_rule, lab.host, RuleAction.BLOCK)  # nothing goes out by itself
    for act in ("favourite", "unfavourite", "reblog", "unreblog"):
        await ana.post(f"/api/v1/statuses/{first['id']}/{act}")
    for act in ("favourite", "reblog"):
        await ana.post(f"/api/v1/statuses/{second['id']}/{act}")
    await settled(hq, lab)
    documents = (await published(hq))[before:]
    kinds = sorted(one["type"] for one in documents)
    assert kinds == ["Announce", "Announce", "Like", "Like", "Undo", "Undo"]
    again = documents * 2
    if seed == 0:
        again.reverse()
    else:
        random.Random(seed).shuffle(again)
    for document in again:
        assert await deliver(ana, lab, document) == 202
    await settled(lab)
    shown = [await ben.get(f"/api/v1/statuses/{one['id']}") for one in (made, kept)]
    figures = [(one["favourites_count"], one["reblogs_count"]) for one in shown]
    assert figures == [(0, 0), (1, 1)]
    told_of_it = [one["type"] for one in await ben.notifications() if "status" in one]
    assert sorted(told_of_it) == ["favourite", "reblog"]


@pytest.mark.both
async def test_what_was_deleted_before_it_came_stays_away(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    made = await ana.say("gone before it came")
    await ana.delete(f"/api/v1/statuses/{made['id']}")
    await settled(hq)
    create, delete = await published(hq)
    assert (create["type"], delete["type"]) == ("Create", "Delete")
    await befriend(ben, ana)
    for document in (delete, create, create, delete, create):
        assert await deliver(ana, lab, document) == 202
    await settled(hq, lab)
    assert await ben.home() == []
    assert await cannot_find(ben, made["uri"])


async def test_S16_somebody_else_cannot_deliver_it_for_her(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, dora, ben = await known(hq, "ana"), await known(hq, "dora"), await known(lab, "ben")
    made = await ana.say("hers")
    await settled(hq)
    [create] = await published(hq)
    await befriend(ben, ana)
    assert await deliver(dora, lab, create) == 403
    await befriend(ben, dora)
    forged = create | {"id": f"{create['id']}9", "actor": dora.uri}
    assert await deliver(dora, lab, forged) == 202
    await settled(hq, lab)
    assert await ben.home() == []
    assert await dropped(lab) != []
    assert await deliver(ana, lab, create) == 202
    assert (await ben.sees("hers"))["uri"] == made["uri"]


@asynccontextmanager
async def restartable(
    new_url: Callable[[], str], folder: Path, name: str
) -> AsyncIterator[Callable[..., Any]]:
    """A way to start the same node again and again: its folder, database and port stay."""
    url, port = new_url(), free_port()

    def again(**how: Any) -> Any:
        return running_node(url, folder / name, name, port=port, **how)

    yield again


def at(node: RunningNode, person: Person) -> Person:
    """The same person, after a restart."""
    return Person(node, person.id, person.handle, person.token)


@pytest.mark.both
async def test_who_was_away_gets_what_was_written_meanwhile(
    nodes: Nodes, new_database_url: Callable[[], str], folder: Path
) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with restartable(new_database_url, folder, "lab") as lab_runs:
        async with lab_runs() as lab:
            ben = await known(lab, "ben")
            await befriend(ben, ana)
            early = await ana.say("before")
            await ben.sees("before")
            await settled(hq, lab)
        late = await ana.say("while you were away")
        await ana.put(f"/api/v1/statuses/{late['id']}", status="while you were away, edited")
        gone = await ana.say("never mind")

        async def queued() -> bool:
            return await waiting(hq) == 3

        await until(queued)  # a post that is deleted before it is queued goes nowhere
        await ana.delete(f"/api/v1/statuses/{gone['id']}")

        async def tried() -> bool:
            return await waiting(hq) == 4

        await until(tried)
        await settled(hq)  # it knows that nobody is there: no attempt fails after the restart
        async with lab_runs() as lab:
            await the_wait_is_over(hq)
            ben = at(lab, ben)
            seen = await ben.sees("while you were away, edited")
            assert seen["uri"] == late["uri"]
            assert (await ben.sees("before"))["uri"] == early["uri"]
            await settled(hq, lab)
            assert await waiting(hq) == 0
            assert [one["uri"] for one in await ben.home()] == [late["uri"], early["uri"]]
            assert len(await ben.get(f"/api/v1/statuses/{seen['id']}/history")) == 2
            assert await cannot_find(ben, gone["uri"])


@pytest.mark.only("postgresql")
async def test_what_waited_long_is_taken_in_its_order(
    nodes: Nodes, new_database_url: Callable[[], str], folder: Path
) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with restartable(new_database_url, folder, "lab") as lab_runs:
        async with lab_runs() as lab:
            ben = await known(lab, "ben")
            await befriend(ben, ana)
        async with lab_runs(role=ProcessRole.WEB):  # takes in, and has no worker
            made = []
            for number in range(12):
                made.append(await ana.say(f"post {number}"))
                for turn in ("again", "once more"):
                    await ana.put(f"/api/v1/statuses/{made[-1]['id']}", status=turn)
            await settled(hq)
            assert await waiting(hq) == 0
        async with lab_runs() as lab:
            await settled(lab)
            ben = at(lab, ben)
            home = await ben.home()
            assert sorted(one["uri"] for one in home) == sorted(one["uri"] for one in made)
            for status in home:
                history = await ben.get(f"/api/v1/statuses/{status['id']}/history")
                said = [version["content"] for version in history[1:]]
                assert said == ["<p>again</p>", "<p>once more</p>"], status["uri"]


async def test_an_update_of_what_never_came_is_a_post_only_while_it_may_still_come(
    nodes: Nodes,
) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        mention = {"type": "Mention", "href": ana.uri, "name": ana.acct}
        now = datetime.now(UTC).isoformat()
        for words, published in (("an old one", "2020-01-01T00:00:00Z"), ("a new one", now)):
            to_her: dict[str, Any] = {"cc": [ana.uri], "tag": [mention]}
            note = spy.server.note(
                spy.eve, content=words, published=published, updated=now, **to_her
            )
            update = spy.server.activity(spy.eve, "Update", note)
            answer = await spy.server.deliver(spy.eve, f"{hq.origin}/inbox", update)
            assert answer.status == 202
        await settled(hq)
    told = [one["status"]["content"] for one in await ana.notifications()]
    assert told == ["a new one"]


@pytest.mark.both
async def test_a_sender_that_was_stopped_sends_after_its_restart(
    nodes: Nodes, new_database_url: Callable[[], str], folder: Path
) -> None:
    lab = await nodes.start("lab")
    ben = await known(lab, "ben")
    async with restartable(new_database_url, folder, "hq") as hq_runs:
        async with hq_runs() as hq:
            ana = await known(hq, "ana")
            await befriend(ben, ana)
            made = await ana.say("acknowledged, then stopped")
        async with hq_runs() as hq:
            seen = await ben.sees("acknowledged, then stopped")
            assert seen["uri"] == made["uri"]
            ana = at(hq, ana)
            answer = await ben.say(f"{ana.acct} got it", in_reply_to_id=seen["id"])
            await settled(hq, lab)
            assert await thread_of(ana, made["id"]) == [made["uri"], answer["uri"]]
            await ana.delete(f"/api/v1/statuses/{made['id']}")
            await is_gone(ben, seen["id"])
