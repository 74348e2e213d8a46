"""What the demo is about: two departments, a partner firm, and a community across them.

Everything is done as people would do it: admins by the command line, members through the API.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import ClientSession

from demo.people import Person, eventually, new_person
from demo.process import ServedNode

CLUB = "safe-lifting"
PLACES = (("hq", 8081), ("lab", 8082), ("partner", 8083))


@dataclass
class World:
    """The nodes and the people in them."""

    hq: ServedNode
    lab: ServedNode
    partner: ServedNode
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def nodes(self) -> tuple[ServedNode, ...]:
        """All three."""
        return self.hq, self.lab, self.partner

    @property
    def club(self) -> str:
        """How the community is written from anywhere."""
        return f"@{CLUB}@{self.hq.host}"


def new_world(folder: Path, shift: int = 0) -> World:
    """Three nodes that are not started; `shift` moves their ports."""
    hq, lab, partner = (
        ServedNode(folder / name, name, port + shift, FEDERATION="partners", PUBLIC_MEANS="network")
        for name, port in PLACES
    )
    return World(hq, lab, partner)


async def build(world: World, session: ClientSession) -> None:
    """Make people, agreements, the community and its first conversation."""
    await _people(world, session)
    await _agreements(world)
    await _community(world)
    await _conversation(world)


async def _people(world: World, session: ClientSession) -> None:
    made = [
        *((world.hq, "ana", "admin"), (world.hq, "ivo", "member"), (world.hq, "nia", "guest")),
        *((world.lab, "bo", "admin"), (world.lab, "fay", "member")),
        *((world.partner, "cy", "admin"), (world.partner, "max", "member")),
    ]
    people = await asyncio.gather(*(asyncio.to_thread(new_person, session, *one) for one in made))
    for person in people:
        world.people[person.handle] = person
        await person.get("/api/v1/timelines/home")  # from now on the home is kept


async def _agreements(world: World) -> None:
    """Sisters first; the partner's agreement names the community, so it comes after that."""
    await _agree(world.hq, world.lab, "--kind", "sister")


async def _agree(one: ServedNode, other: ServedNode, *terms: str) -> None:
    offered = await asyncio.to_thread(one.command, "partner", "propose", other.host, *terms)
    code = next(line for line in offered.splitlines() if line.startswith("code: "))[6:]
    await asyncio.to_thread(other.command, "partner", "accept", one.host, code, "--yes")

    async def stands() -> bool:
        found = [await asyncio.to_thread(node.command, "partner", "list") for node in (one, other)]
        return other.host in _standing(found[0]) and one.host in _standing(found[1])

    await eventually(f"{one.host} and {other.host} agree", stands)


def _standing(listed: str) -> str:
    lines = listed.splitlines()
    return "\n".join(line for line in lines if line.startswith(("sister", "partner")))


async def _community(world: World) -> None:
    hq, ana, bo, cy = world.hq, *(world.people[name] for name in ("ana", "bo", "cy"))
    purpose = "Nobody goes home with a hurt back."
    await asyncio.to_thread(
        hq.command,
        *("community", "create", CLUB, "--name", "Safe lifting", "--purpose", purpose),
        *("--by", "ana", "--steward", bo.acct, "--preset", "partners"),
    )
    until = (datetime.now(UTC) + timedelta(days=365)).date().isoformat()
    terms = ("--kind", "partner", "--community", CLUB, "--until", until)
    await _agree(hq, world.partner, *terms)
    await bo.follow(world.club)  # invited as a steward: following is accepting
    await eventually("Bo belongs", bo.belongs)
    await asyncio.to_thread(hq.command, "community", "launch", CLUB)
    await cy.follow(world.club)

    async def asked() -> bool:
        return cy.acct in await asyncio.to_thread(hq.command, "community", "requests", CLUB)

    await eventually("Cy's request arrives", asked)
    await ana.say(f"@tertulia approve {cy.acct}", visibility="direct")
    await eventually("Cy belongs", cy.belongs)
    guest = ("community", "add", CLUB, "nia", "--sponsor", "ana", "--until", until)
    await asyncio.to_thread(hq.command, *guest)


async def _conversation(world: World) -> None:
    ana, bo, cy, nia = (world.people[name] for name in ("ana", "bo", "cy", "nia"))
    await ana.say(f"{world.club} How do you lift what has no handles?", visibility="private")
    await _all_see(world, "no handles")
    found = await cy.sees("no handles")
    await cy.say("We screw eyelets into crates.", in_reply_to_id=found["id"], visibility="private")
    await _all_see(world, "eyelets")
    found = await bo.sees("eyelets", await bo.club())
    await bo.say("Which size?", in_reply_to_id=found["id"], visibility="private")
    await _all_see(world, "Which size")
    found = await nia.sees("no handles")
    await nia.post(f"/api/v1/statuses/{found['id']}/favourite")
    await bo.say("The canteen at the lab has soup today.", visibility="public")
    await world.people["ivo"].find(bo.acct)
    await world.people["ivo"].sees("soup", "/api/v1/timelines/public")


async def _all_see(world: World, words: str) -> None:
    for name in ("ana", "bo", "cy", "nia"):
        person = world.people[name]
        await person.sees(words, await person.club())
