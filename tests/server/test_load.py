"""The load from outside: it counts what arrived, and says so when something did not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.load import load
from bench.ports import free_port
from demo.process import ServedNode


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[ServedNode]:
    served = ServedNode(
        tmp_path / "hq", "hq", free_port(), FEDERATION="open", PUBLIC_MEANS="public"
    )
    await served.start()
    try:
        yield served
    finally:
        await served.stop()


def token_of(node: ServedNode) -> str:
    password = ("--password", "a long bench password")
    node.command("account", "create", "ana", "--email", "ana@mail.example", *password)
    return node.command("token", "create", "ana", "--scopes", "read write follow")


async def test_what_simulated_servers_send_and_get_is_counted(node: ServedNode) -> None:
    given = {"servers": 5, "rate": 40.0, "seconds": 1.0, "posts": 3}
    coming, going = await load(node.base, token_of(node), **given)  # type: ignore[arg-type]
    assert (coming.wanted, coming.arrived, dict(coming.answers)) == (40, 40, {"202": 40})
    assert (going.wanted, going.arrived) == (15, 15)
    assert len(coming.times) == 40
    assert len(going.times) == 15
    assert coming.is_whole
    stored = node.rows("SELECT count(*) FROM posts WHERE uri LIKE 'http://s%/o/%'")
    assert stored == [(40,)], "the figures are those of the node"


async def test_what_the_node_refuses_has_not_arrived(node: ServedNode) -> None:
    node.command("partner", "block", "localhost")
    with pytest.raises(RuntimeError, match="does not talk to s0"):
        await load(node.base, token_of(node), servers=2, rate=5, seconds=1, posts=1)
