"""`make bench`: what arrives, leaves and is read, each as a ratio to its raw limit of this run."""

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

import uvloop
from aiohttp import ClientSession

from bench import limits, pages, paths
from bench.bare import bare_client
from bench.far import far_actor
from bench.load import fleet
from bench.node import BenchNode, bench_node

PEOPLE = paths.HOMES
FOLLOWERS = 200
SERVERS = 50
AUTHORS = 8
# Design §5: the first goals, and the later ones.
GOALS = {"inbound": (25, 35), "delivery": (60, 75), "home": (35, 75)}


class Round(NamedTuple):
    """CPU microseconds of a path and of its limit, measured right behind each other."""

    ours: float
    limit: float


async def measure(times: int, rounds: int) -> dict[str, list[Round]]:
    """What each path and its limit cost, round by round."""
    ours: dict[str, list[float]] = {name: [] for name in GOALS}
    raw: dict[str, list[float]] = {name: [] for name in GOALS}
    with tempfile.TemporaryDirectory() as folder:
        async with (
            bench_node(Path(folder)) as node,
            far_actor() as far,
            fleet(AUTHORS) as others,
            ClientSession() as session,
        ):
            token = _people(node)
            for one in (far, *others.actors):
                await paths.meet(node, one, session)
            node.give_remote_followers(far.port, "p0", FOLLOWERS, SERVERS)
            body = far.signed(f"{node.origin}/inbox", far.note(0, node.origin))[1]
            await paths.inbound(node, others.actors, 400)  # warm
            for _ in range(rounds):
                http = await paths.bare("POST", body, 202, 0, times)
                raw["inbound"].append(http + await _limit("inbound", body, http))
                ours["inbound"].append(await paths.inbound(node, others.actors, times))
                spent, size = await paths.home(node, token, times)
                ours["home"].append(spent)
                http = await paths.bare("GET", b"", 200, size, times)
                raw["home"].append(http + await _limit("home", bytes(size), http))
                http = await bare_client(len(body), times)
                raw["delivery"].append(http + await _limit("delivery", body, http))
                ours["delivery"].append(await paths.delivery(node, far, token, FOLLOWERS, 10))
            writer = _token(node, "p1")
            shown = await pages.all_pages(
                node, token, writer, f"fern@{others.actors[0].host}", times
            )
            memory = node.measured.memory_mb()
            print(f"\nCreate {len(body):,} bytes · home {size:,} bytes · resident {memory:.0f} MB")
    pages.report(shown)
    return {name: list(map(Round, ours[name], raw[name])) for name in GOALS}


async def _limit(path: str, body: bytes, http: float) -> float:
    parts = await asyncio.to_thread(limits.measured, path, body)
    parts_shown = {"bare aiohttp": http, **parts}
    print(path.ljust(9), *(f"{name} {spent:.1f} ·" for name, spent in parts_shown.items()))
    return sum(parts.values())


def _people(node: BenchNode) -> str:
    for number in range(PEOPLE):
        node.command(
            *("account", "create", f"p{number}", "--email", f"p{number}@bench.example"),
            *("--password", f"a long bench password {number}"),
        )
    return _token(node, "p0")


def _token(node: BenchNode, handle: str) -> str:
    return node.command("token", "create", handle, "--scopes", "read write follow")


def report(measured: dict[str, list[Round]]) -> None:
    """Print the table: rates per core, and how much of the limit is reached.

    Medians over the rounds. A machine that others share is now slow and now fast, so a path is
    compared with the limit of its own round.
    """
    print(f"\n{'path':10}{'ours':>10}{'limit':>10}{'ours':>10}{'limit':>10}{'ratio':>8}  goals")
    print(f"{'':10}{'µs CPU':>10}{'µs CPU':>10}{'/s/core':>10}{'/s/core':>10}")
    for name, rounds in measured.items():
        spent = statistics.median(each.ours for each in rounds)
        limit = statistics.median(each.limit for each in rounds)
        ratio = statistics.median(each.limit / each.ours * 100 for each in rounds)
        first, later = GOALS[name]
        print(
            f"{name:10}{spent:10.0f}{limit:10.0f}{1e6 / spent:10,.0f}{1e6 / limit:10,.0f}"
            f"{ratio:7.0f} %  {first} %, later {later} %{'' if ratio >= first else '  ← below'}"
        )


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--times", type=int, default=1500, help="pieces of work per round")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    report(uvloop.run(measure(given.times, given.rounds)))


if __name__ == "__main__":
    main()
