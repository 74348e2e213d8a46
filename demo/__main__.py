"""Start three nodes, fill them, check where everything came from, and say what to try."""

import argparse
import asyncio
import shutil
import signal
import sys
from pathlib import Path

from aiohttp import ClientSession

from demo.proof import remote_rows, without_record
from demo.world import CLUB, World, build, new_world


def main() -> None:
    """Run the demo until Ctrl-C; with --check, end after the checks."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/demo"))
    parser.add_argument("--check", action="store_true", help="start, fill, check and end")
    parser.add_argument("--shift", type=int, default=0, help="added to the three ports")
    given = parser.parse_args()
    shutil.rmtree(given.folder, ignore_errors=True)
    sys.exit(asyncio.run(_run(new_world(given.folder.resolve(), given.shift), once=given.check)))


async def _run(world: World, *, once: bool) -> int:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    try:
        print("Starting three nodes …", flush=True)
        await asyncio.gather(*(node.start() for node in world.nodes))
        async with ClientSession() as session:
            await build(world, session)
        if missing := _unrecorded(world):
            print("These rows came from nowhere:", *missing, sep="\n  ", flush=True)
            return 1
        _tell(world)
        if not once:
            print("\nCtrl-C ends it.", flush=True)
            await told.wait()
    except RuntimeError as problem:
        print(f"The demo failed: {problem}", flush=True)
        return 1
    finally:
        await asyncio.gather(*(node.stop() for node in world.nodes))
    return 0


def _unrecorded(world: World) -> list[str]:
    missing = []
    for node in world.nodes:
        others = tuple(other for other in world.nodes if other is not node)
        missing += without_record(node, others)
        if not remote_rows(node):
            missing.append(f"{node.host}: nothing came there at all")
    return missing


_ROLES = {
    "ana": "steward, and admin of hq",
    "bo": "steward from the lab, a sister node",
    "cy": "external member on the partner's node",
    "nia": "guest on hq: reads this community and nothing else",
    "ivo": "colleague on hq, no member: the community is not there for him",
    "fay": "colleague at the lab: reads what hq posts for everyone at work",
    "max": "works at the partner, no member: sees nothing",
}


def _tell(world: World) -> None:
    print(f"\n“Safe lifting” ({world.club}) spans three nodes. Sign in with a browser or an app:\n")
    for name, what in _ROLES.items():
        person = world.people[name]
        print(f"  {person.node.origin:28} @{name:4} password {person.password:18} {what}")
    print(_TRY.format(club=world.club, cy=world.people["cy"].acct, name=CLUB), flush=True)
    print(f"Token for a command-line app, as Cy: {world.people['cy'].token}", flush=True)


_TRY = """
Try, for example:
  as cy:  write “{club} hello” for followers only; Ana, Bo and Nia have it in their
          list “Safe lifting”, and Max and Ivo have it nowhere
  as max: follow {club}; Ana and Bo are told, and answer @tertulia
  as ana: tell @tertulia in a private mention: remove {cy} from {name}
  as bo:  post publicly; Ivo reads it among posts from everywhere, nobody at the partner's does
"""


if __name__ == "__main__":
    main()
