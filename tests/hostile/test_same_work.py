"""What is not for one takes the same work as what is not there (protocol §1, rows P06 and F10).

Clocks lie on a shared machine, so what is compared is what a clock would measure: the statements
that the database ran, and every byte and header of the answer.
"""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import product

import pytest

from domain.kinds import Role
from storage.tx import Tx
from tests.hostile.test_not_there import NEVER, hidden, seen
from tests.support.listeners import closed_port
from tests.support.nodes import Answer, Nodes, Person, RunningNode
from tests.support.stranger import stranger
from tests.together.stories import settled

pytestmark = pytest.mark.only("sqlite")

TRIES = 4
"""How often each request is watched; what a background job does in between is not counted."""

Ask = Callable[[], Awaitable[Answer]]


class Watch:
    """Notes every statement that this node's readers run."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    async def begin(self, node: RunningNode) -> None:
        await node.db.read(self._trace)
        await node.db.glance(self._trace)

    def _trace(self, tx: Tx) -> None:
        # SQLite's own tracing, on the connections that read.
        tx._session._connection.set_trace_callback(self._note)  # type: ignore[attr-defined]

    def _note(self, text: str) -> None:
        if not text.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
            self.statements.append(re.sub(r"'[^']*'|\b\d+\b", "?", text))

    async def work(self, ask: Ask) -> tuple[list[str], Answer]:
        """The fewest statements that this request took, without their values, and its answer."""
        taken: list[list[str]] = []
        for _ in range(TRIES):
            self.statements.clear()
            answer = await ask()
            taken.append(list(self.statements))
        return min(taken, key=len), answer


async def test_P06_what_is_not_for_one_costs_what_nothing_costs(nodes: Nodes) -> None:
    node = await nodes.start("hq", public_means="network")
    pairs = await hidden(node)
    gina = await node.person("gina", role=Role.GUEST)
    watch = Watch()
    await watch.begin(node)
    counted = 0
    tokens: tuple[dict[str, str], ...] = ({}, {"Authorization": f"Bearer {gina.token}"})
    for token, (there, never) in product(tokens, pairs):
        work, answer = await watch.work(partial(node.ask, "GET", there, headers=token))
        twin, nothing = await watch.work(partial(node.ask, "GET", never, headers=token))
        assert seen(answer) == seen(nothing), there
        assert work == twin, there
        counted += len(work)
    assert counted > len(pairs), "something was watched"


async def test_P06_the_watch_notices_what_is_there(nodes: Nodes) -> None:
    """The positive twin: who may read takes more statements and gets another answer."""
    node = await nodes.start("hq", public_means="network")
    ana = await node.person("ana")
    post = await ana.say("for followers", visibility="private")
    watch = Watch()
    await watch.begin(node)
    work, answer = await watch.work(lambda: ana.ask("GET", f"/api/v1/statuses/{post['id']}"))
    twin, nothing = await watch.work(lambda: ana.ask("GET", f"/api/v1/statuses/{NEVER}"))
    assert (answer.status, nothing.status) == (200, 404)
    assert len(work) > len(twin)


async def test_P06_writing_to_what_is_not_for_one(nodes: Nodes) -> None:
    """To like, share, answer, vote, quote, report or follow is refused alike, there or not."""
    node = await nodes.start("hq", public_means="network")
    ana, gina = await node.person("ana"), await node.person("gina", role=Role.GUEST)
    poll = {"options": ["yes", "no"], "expires_in": 3600}
    post = await ana.say("for colleagues", poll=poll)
    await settled(node)

    async def refused(post_id: object, account_id: object) -> list[object]:
        answers = [
            *[
                await gina.ask("POST", f"/api/v1/statuses/{post_id}/{deed}")
                for deed in ("favourite", "unfavourite", "reblog", "unreblog", "pin", "unpin")
            ],
            await _answer(gina, post_id),
            await _answer(gina, post_id, "quoted_status_id"),
            await gina.ask("POST", f"/api/v1/polls/{post_id}/votes", json={"choices": [0]}),
            await gina.ask("PUT", f"/api/v1/pleroma/statuses/{post_id}/reactions/🎉"),
            await gina.ask("DELETE", f"/api/v1/pleroma/statuses/{post_id}/reactions/🎉"),
            await gina.ask(
                "PUT", f"/api/v1/statuses/{post_id}/interaction_policy", json=_NOBODY_QUOTES
            ),
            await gina.ask("POST", f"/api/v1/statuses/{post_id}/quotes/{post_id}/revoke"),
            await gina.ask("POST", "/api/v1/reports", json={"account_id": str(account_id)}),
            await gina.ask(
                "POST",
                "/api/v1/reports",
                json={"account_id": str(gina.id), "status_ids": [str(post_id)]},
            ),
            *[
                await gina.ask("POST", f"/api/v1/accounts/{account_id}/{deed}")
                for deed in ("follow", "unfollow", "remove_from_followers", "block", "unblock")
            ],
        ]
        return [seen(answer) for answer in answers]

    assert await refused(post["id"], ana.id) == await refused(NEVER, NEVER)


_NOBODY_QUOTES = {"quote_approval_policy": "nobody"}


async def _answer(person: Person, post_id: object, name: str = "in_reply_to_id") -> Answer:
    body = {"status": "so", name: str(post_id), "visibility": "private"}
    return await person.ask("POST", "/api/v1/statuses", json=body)


async def test_F10_every_address_that_gives_nothing_answers_alike(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    with closed_port() as closed:
        async with stranger("far") as far:
            kim = far.person("kim")
            targets = {
                "refused address": "http://10.0.0.1/users/kim",
                "closed port": f"http://gone.localhost:{closed}/users/kim",
                "not there": far.url("/users/nobody"),
                "no name": "https://nobody.invalid/users/kim",
                "ourselves": f"{node.origin}/a/{NEVER}",
            }
            answers = {
                name: seen(
                    await ana.ask("GET", "/api/v2/search", params={"q": url, "resolve": "true"})
                )
                for name, url in targets.items()
            }
            assert len({str(answer) for answer in answers.values()}) == 1, answers
            found = await ana.get("/api/v2/search", q=kim.uri, resolve="true")
            assert [one["uri"] for one in found["accounts"]] == [kim.uri]
