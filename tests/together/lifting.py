"""“Safe lifting”: three organisations and plain servers, made as admins and people make it.

hq founds the community; lab is its sister; firm is a partner for this community alone. lab and
firm know nothing of each other. Dee is on Mastodon and Gil on GoToSocial, both scripted.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from domain.ids import HERE
from domain.kinds import Role
from storage.queries import actors, deliveries
from tests.support.commands import done
from tests.support.gotosocial import GoToSocial
from tests.support.mastodon import Mastodon, ScriptedServer
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.stranger import Page, Stranger, stranger
from tests.support.stranger import Person as Theirs
from tests.together.communities import Community, note_for
from tests.together.stories import settled

HANDLE = "safe-lifting"
PURPOSE = "Nobody goes home with a hurt back"
AT_HQ = {"ana": Role.MEMBER, "ivo": Role.MEMBER, "nia": Role.GUEST}
AT_LAB = {"bo": Role.MEMBER, "fay": Role.MEMBER}
AT_FIRM = {"cy": Role.MEMBER, "max": Role.MEMBER}


async def agree(one: RunningNode, other: RunningNode, *terms: str) -> None:
    """Both keys turned: `one` offers, `other` accepts; both know."""
    code = await offered(one, other, *terms)
    await done(other, "partner", "accept", one.host, code, "--yes")
    await shows(one, f"{other.host}  since")
    await shows(other, f"{one.host}  since")


async def offered(one: RunningNode, other: RunningNode, *terms: str) -> str:
    """The code of an offer."""
    said = await done(one, "partner", "propose", other.host, *terms)
    return said.partition("code: ")[2].split()[0]


async def shows(node: RunningNode, words: str) -> None:
    """Wait until `partner list` says so."""

    async def there() -> bool:
        return words in await done(node, "partner", "list")

    await until(there)


@dataclass
class Lifting:
    """Nodes, servers and people; `club` once it is founded."""

    hq: RunningNode
    lab: RunningNode
    firm: RunningNode
    mastodon: Mastodon
    gotosocial: GoToSocial
    dee: Theirs
    gil: Theirs
    people: dict[str, Person] = field(default_factory=dict)
    club: Community = None  # type: ignore[assignment]

    def __getitem__(self, handle: str) -> Person:
        return self.people[handle]

    @property
    def nodes(self) -> tuple[RunningNode, RunningNode, RunningNode]:
        """Ours."""
        return self.hq, self.lab, self.firm

    @property
    def servers(self) -> tuple[tuple[ScriptedServer, Theirs], ...]:
        """Plain servers, each with its member."""
        return (self.mastodon, self.dee), (self.gotosocial, self.gil)

    async def settled(self) -> None:
        """Wait until nothing is under way between our nodes."""
        await settled(*self.nodes)

    # How it comes about.

    async def become_sisters(self) -> None:
        """Posts for everyone at work go to a sister once its Application actor follows ours."""
        await agree(self.hq, self.lab, "--kind", "sister")
        for node in (self.hq, self.lab):
            await until(lambda node=node: _is_followed(node))  # type: ignore[misc]

    async def found(self) -> str:
        """Ana founds; Bo of the sister is invited as the second steward. What was printed."""
        said = await done(
            self.hq,
            *("community", "create", HANDLE, "--name", "Safe lifting", "--purpose", PURPOSE),
            *("--by", "ana", "--steward", self["bo"].acct, "--preset", "partners"),
        )
        actor = await self.hq.db.read(actors.local_by_handle, HANDLE)
        assert actor is not None
        self.club = Community(self.hq, actor.id, HANDLE)
        return said

    async def launch(self) -> None:
        """Bo says yes by following, and it begins."""
        await note_for(self["bo"], "To accept, follow")
        await self["bo"].follow(self.club.acct)
        await self.club.takes_in(self["bo"].uri, self.lab)
        await done(self.hq, "community", "launch", HANDLE)

    async def become_partners(self) -> None:
        """An agreement about this community alone."""
        terms = ("--kind", "partner", "--community", HANDLE, "--until", "2099-12-31")
        await agree(self.hq, self.firm, *terms)

    async def let_in(self, person: Person) -> None:
        """Somebody of ours elsewhere asks; a steward sponsors and lets them in."""
        lookup = {"q": self.club.acct, "resolve": "true", "type": "accounts"}

        async def found() -> bool:
            """A node may remember for two seconds that it knew nobody there."""
            return bool((await person.get("/api/v2/search", **lookup))["accounts"])

        await until(found)
        await person.follow(self.club.acct)
        asked = f"asks to join @{HANDLE}"

        async def there() -> bool:
            return asked in await done(self.hq, "community", "requests", HANDLE)

        await until(there)
        acct = ("community", "approve", HANDLE, person.acct, "--sponsor", "ana")
        await done(self.hq, *acct)
        await self.club.takes_in(person.uri, person.node)

    async def invite_plain(self, server: ScriptedServer, person: Theirs) -> None:
        """Ana invites somebody on a plain server, who accepts by following."""
        acct = f"@{person.handle}@{server.server.authority}"
        await self["ana"].say(f"@tertulia invite {acct} to {HANDLE}", visibility="direct")

        async def invited() -> bool:
            return server.sees(person, "To accept, follow")

        await until(invited)
        await server.follow(person, self.club.uri)
        await self.club.takes_in(person.uri)

    async def add_guest(self) -> None:
        terms = ("--sponsor", "ana", "--until", "2099-12-31")
        await done(self.hq, "community", "add", HANDLE, "nia", *terms)

    async def everybody(self) -> None:
        """All of it at once."""
        await self.become_sisters()
        await self.found()
        await self.launch()
        await self.become_partners()
        await self.let_in(self["cy"])
        for server, person in self.servers:
            await self.invite_plain(server, person)
        await self.add_guest()
        await self.settled()

    # What members do and see.

    async def say(self, handle: str, words: str, **more: object) -> Json:
        """A post in the community by one of ours."""
        return await self[handle].say(f"{self.club.acct} {words}", visibility="private", **more)

    async def listing(self, handle: str) -> str:
        """The path of the list that shows the community in somebody's app."""
        actor = await self[handle].node.db.read(actors.by_uri, self.club.uri)
        assert actor is not None
        return f"/api/v1/timelines/list/g{actor.id}"

    async def reads(self, handle: str, words: str) -> Json:
        """Wait until a member has these words in the community's list; the post itself."""
        line = await self[handle].sees(words, await self.listing(handle))
        return line["reblog"] or line

    async def all_read(self, words: str, *but: str) -> None:
        """Wait until every member of ours and of the plain servers has these words."""
        for handle in ("ana", "bo", "cy", "nia"):
            if handle not in but:
                await self.reads(handle, words)
        for server, person in self.servers:
            if person.handle not in but:
                await until(lambda s=server, p=person: _seen(s, p, words))  # type: ignore[misc]


async def _is_followed(node: RunningNode) -> bool:
    application = await node.db.read(actors.application_of, HERE)
    return bool(await node.db.read(deliveries.inboxes_of_followers, application.id))


async def _seen(server: ScriptedServer, person: Theirs, words: str) -> bool:
    return server.sees(person, words)


def speaks(server: Stranger, software: str) -> None:
    """NodeInfo of a server says so."""
    schema = "http://nodeinfo.diaspora.software/ns/schema/2.1"
    links = [{"rel": schema, "href": server.url("/nodeinfo/2.1")}]
    server.pages["/.well-known/nodeinfo"] = Page({"links": links}, type="application/json")
    info = {"version": "2.1", "software": {"name": software, "version": "1"}}
    server.pages["/nodeinfo/2.1"] = Page(info, type="application/json")


@asynccontextmanager
async def lifting(
    nodes: Nodes, ports: dict[str, dict[str, object]] | None = None
) -> AsyncIterator[Lifting]:
    """The nodes and servers with their people; nobody knows anybody yet."""
    given = {"federation": "partners", "public_means": "network"}
    hq, lab, firm = [
        await nodes.start(name, **given, **(ports or {}).get(name, {}))
        for name in ("hq", "lab", "firm")
    ]
    async with stranger("masto") as one, stranger("gts") as two:
        speaks(one, "mastodon")
        speaks(two, "gotosocial")
        inbox = f"{hq.origin}/inbox"
        mastodon, gotosocial = Mastodon(one, inbox), GoToSocial(two, inbox)
        dee, gil = mastodon.person("dee"), gotosocial.person("gil")
        made = Lifting(hq, lab, firm, mastodon, gotosocial, dee, gil)
        for node, crowd in ((hq, AT_HQ), (lab, AT_LAB), (firm, AT_FIRM)):
            for handle, role in crowd.items():
                made.people[handle] = await node.person(handle, role=role)
                await made[handle].home()
        for server in (one, two):
            await done(hq, "partner", "allow", server.authority)
        yield made
