"""The canary sweep: nothing private of the main network in a single byte that outsiders receive.

Every private field of hq and lab holds a word that stands nowhere else. Ears: the partner's node
(firm), the plain servers, the app of a guest, and somebody whom nobody knows. That ears work is
seen by what they must hear.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from activitypub.vocabulary import ACCEPT
from domain.kinds import Preset
from domain.roles import CommunityRole
from social import communities
from tests.support.nodes import Nodes, Person, RunningNode
from tests.support.pictures import picture, upload
from tests.together.communities import Community
from tests.together.lifting import Lifting, lifting
from tests.together.recorder import Canaries, Recorder, recording
from tests.together.spies import Spy
from tests.together.stories import following
from tests.together.test_safe_lifting import fetch
from tests.web.test_streaming import socket
from web.routes import Access, Route
from web.tables import ROUTES

NAMES = ("hq", "lab", "firm")
FOR_APPS = {Access.OPEN, Access.ANYONE, Access.APP, Access.ACCOUNT}
FOR_ALL = {Access.OPEN, Access.ANYONE, Access.SERVER, Access.BROWSER}
STREAMS = ("user", "public", "public:local", "public:remote", "direct")
WORDS = "harbour"
"""In every private post beside its canary: what one would search for."""


class Sweep:
    """The story's people, canaries in everything private and in what is shared, and the ears."""

    def __init__(self, story: Lifting, recorder: Recorder, spy: Spy) -> None:
        self.story, self.recorder, self.spy = story, recorder, spy
        self.private, self.shared = Canaries("kq"), Canaries("xj")
        self.ids: dict[RunningNode, list[str]] = {story.hq: [], story.lab: []}
        self.places: list[str] = []

    # What is private.

    async def fill(self) -> None:
        """Put a canary into every private field."""
        story = self.story
        for handle in ("ivo", "fay", "ana", "bo"):
            await self._profile(story[handle], is_member=handle in {"ana", "bo"})
        for handle in ("ivo", "fay", "ana", "bo", "nia"):
            self.private.labels[f"{handle}@mail.example"] = f"mail of {handle}"
        for node in (story.hq, story.lab):
            hidden = await node.person(self.private(f"a handle at {node.host}"))
            await hidden.home()
        for reader, author in (("fay", "ivo"), ("ivo", "bo")):
            account = await story[reader].follow(story[author])
            await following(story[reader], account["id"])  # sisters' people need not ask
        for author, friend in (("ivo", "fay"), ("fay", "bo"), ("ana", "ivo"), ("bo", "fay")):
            await self._posts(story[author], story[friend])
        await self._community(story["ana"], story["ivo"])
        await self._community(story["bo"], story["fay"])
        await story.settled()

    async def _profile(self, person: Person, *, is_member: bool) -> None:
        who = person.handle
        change = {
            "note": self.private(f"bio of {who}"),
            "fields_attributes": [
                {"name": self.private(f"field of {who}"), "value": self.private(f"value of {who}")}
            ],
        }
        if not is_member:  # a member's name is on the card
            change["display_name"] = self.private(f"name of {who}")
        answer = await person.ask("PATCH", "/api/v1/accounts/update_credentials", json=change)
        assert answer.status == 200, answer.text
        self._keep(person.node, str(person.id), person.uri)

    async def _posts(self, author: Person, friend: Person) -> None:
        """One of each audience, with everything that a post can have."""
        who = author.handle
        for kind, more in (
            ("network", {}),
            ("node", {"local_only": True}),
            ("followers", {"visibility": "private"}),
            ("direct", {"visibility": "direct"}),
        ):
            made = await upload(author, picture(), description=self.private(f"{kind} alt of {who}"))
            named = friend.acct if friend.node is not author.node else f"@{friend.handle}"
            words = f"{named} " if kind == "direct" else ""
            said = await author.say(
                f"{words}{WORDS} {self.private(f'{kind} of {who}')}"
                f" #{self.private(f'{kind} tag of {who}')}",
                spoiler_text=self.private(f"{kind} warning of {who}"),
                media_ids=[made["id"]],
                **more,
            )
            self._keep(author.node, said["id"], said["uri"])
            self.places.append(said["media_attachments"][0]["url"].rpartition("/")[0])
            changed = self.private(f"{kind} edit of {who}")
            await author.put(f"/api/v1/statuses/{said['id']}", status=f"{words}{WORDS} {changed}")

    async def _community(self, steward: Person, second: Person) -> None:
        node, host = steward.node, steward.node.host
        handle = self.private(f"community at {host}")
        community_id = await node.db.write(
            communities.found,
            node=node.node,
            handle=handle,
            name=self.private(f"name of the community at {host}"),
            purpose=self.private(f"purpose of the community at {host}"),
            preset=Preset.MEMBERS,
            by_id=steward.id,
            keys=node.parts.keyring.make(),
        )
        club = Community(node, community_id, handle)
        await club.invite(second.id, steward, role=CommunityRole.STEWARD)
        await second.post(f"/api/v1/accounts/{club.id}/follow")
        await node.db.write(communities.launch, community_id=club.id, by_id=steward.id)
        said = await steward.say(
            f"@{club.handle} {WORDS} {self.private(f'in the community at {host}')}",
            visibility="private",
        )
        self._keep(steward.node, str(club.id), club.uri)
        self._keep(steward.node, said["id"], said["uri"])

    def _keep(self, node: RunningNode, identifier: str, uri: str) -> None:
        self.ids[node].append(identifier)
        self.places.append(uri)

    # What is shared.

    async def converse(self) -> None:
        """In the community, with a canary for everybody to hear."""
        story = self.story
        for handle in ("ana", "bo", "cy", "nia"):
            words = self.shared(f"words of {handle}")
            acct = f"@{story.club.handle}" if story[handle].node is story.hq else story.club.acct
            await story[handle].say(f"{acct} {words}", visibility="private")
            await story.all_read(words)
        words = self.shared("words of dee")
        await story.mastodon.send(
            story.dee, f"<p>@club {words}</p>", visibility="direct", group=story.club.uri
        )
        await story.all_read(words, "dee")
        await story.settled()

    # Asking.

    async def crawl(self) -> None:
        """Every address there is, as a guest, as Cy, as Dee, and as nobody."""
        story, hear = self.story, self.recorder.hear
        for path in addresses([*self.ids[story.hq], str(story.club.id)], FOR_APPS):
            hear("guest", await story["nia"].ask("GET", path))
            hear("colleague", await story["ivo"].ask("GET", path))
        for node in (story.hq, story.lab):
            for path in addresses(self.ids[node], FOR_ALL):
                for accept in (ACCEPT, "text/html"):
                    hear("nobody", await node.ask("GET", path, headers={"Accept": accept}))
        places = [*self.places, story.club.uri, f"{story.club.uri}/outbox?page=true"]
        for place in places:
            node = story.lab if place.startswith(story.lab.origin) else story.hq
            hear("firm", await fetch(place, node, story["cy"]))
            hear("plain", await self.spy.fetch(place))

    def ears(self) -> dict[str, bytes]:
        """What each outsider heard."""
        story, recorder = self.story, self.recorder
        seen = [one for server, _ in story.servers for one in server.server.seen]
        posted = b"\n".join(str(one.headers).encode() + one.body for one in seen)
        strangers = recorder.others_heard([node.origin for node in story.nodes])
        return {
            "firm": recorder.node_heard("firm", story.firm.origin),
            "plain": posted + strangers + bytes(recorder.ears["plain"]),
            "guest": bytes(recorder.ears["guest"]),
            "nobody": bytes(recorder.ears["nobody"]),
        }

    def heard_inside(self) -> set[str]:
        """What Ivo found, who may: the same addresses lead to it."""
        return self.private.found_in(bytes(self.recorder.ears["colleague"]))

    async def figures(self) -> set[int]:
        """What a guest is told of how much colleagues write, and how many there are."""
        nia = self.story["nia"]
        accounts = [await nia.get(f"/api/v1/accounts/{self.story['ana'].id}")]
        instance = (await nia.get("/api/v1/instance"))["stats"]
        return {instance["status_count"], *(account["statuses_count"] for account in accounts)}


def addresses(ids: list[str], who: set[Access]) -> Iterator[str]:
    """The path of every route that these may call, filled with every id."""
    for route in ROUTES:
        if route.method != "GET" or route.access not in who or "/streaming" in route.path:
            continue
        yield from _filled(route, ids)


def _filled(route: Route, ids: list[str]) -> Iterator[str]:
    if "{" not in route.path:
        yield f"{route.path}?q={WORDS}&acct=ivo&limit=40&resource=acct:ivo"
        return
    for identifier in ids:
        filled = route.path.replace("{list}", f"g{identifier}").replace("{acct}", "ivo")
        yield re.sub(r"\{\w+\}", identifier, filled)


@asynccontextmanager
async def listening(sweep: Sweep) -> AsyncIterator[None]:
    """The guest's app has every stream open meanwhile."""
    nia = sweep.story["nia"]
    subscriptions = [{"stream": name} for name in STREAMS]
    async with socket(nia, *subscriptions) as live:
        ears = asyncio.create_task(_listen(live, sweep.recorder))
        try:
            yield
        finally:
            ears.cancel()


async def _listen(live: ClientWebSocketResponse, recorder: Recorder) -> None:
    async for message in live:
        recorder.ears["guest"] += str(message.data).encode()


@asynccontextmanager
async def a_sweep(nodes: Nodes) -> AsyncIterator[Sweep]:
    """Everybody in the community, every byte recorded from the first."""
    async with recording() as recorder, ClientSession() as session:
        doors = {name: await recorder.door(name) for name in NAMES}
        async with lifting(nodes, doors) as story:
            for name, node in zip(NAMES, story.nodes, strict=True):
                recorder.go_around(node, name)
            await story.everybody()
            spy = Spy(story.mastodon.server, session)
            spy.eve = story.dee
            yield Sweep(story, recorder, spy)


@pytest.mark.both
async def test_G06_nothing_private_reaches_an_outsider(nodes: Nodes) -> None:
    async with a_sweep(nodes) as sweep:
        async with listening(sweep):
            await sweep.fill()
            await sweep.converse()
        await sweep.crawl()
        ears = sweep.ears()
        told = {name: sweep.private.found_in(heard) for name, heard in ears.items()}
        assert told.pop("guest") <= {f"{what} of ana" for what in ("bio", "field", "value")}
        assert told == {"firm": set(), "plain": set(), "nobody": set()}
        assert await sweep.figures() == {0}
        inside = {f"{kind} of ana" for kind in ("bio", "network", "network alt", "node", "direct")}
        inside |= {
            "network edit of bo",
            "name of fay",
            f"in the community at {sweep.story.hq.host}",
        }
        assert sweep.heard_inside() >= inside, "these addresses lead to what colleagues read"
        shared = set(sweep.shared.labels.values())
        assert sweep.shared.found_in(ears["firm"]) == shared
        assert sweep.shared.found_in(ears["guest"]) == shared
        assert sweep.shared.found_in(ears["plain"]) == shared
        assert sweep.shared.found_in(ears["nobody"]) == set()
        assert sweep.story.hq.host.encode() in ears["nobody"], "that ear works, too"
