"""Listeners who hear nothing cost little: a process, its memory as the kernel counts it."""

from pathlib import Path
from typing import Final

from bench.node import bench_node
from bench.sockets import SOCKETS, first_person, measure

MOST_MB: Final = 75


async def test_two_thousand_idle_sockets_take_at_most_75_mb(tmp_path: Path) -> None:
    async with bench_node(tmp_path) as node:
        first_person(node)
        cost = await measure(node)
    assert cost.standing == SOCKETS
    assert 1 < cost.added <= MOST_MB
