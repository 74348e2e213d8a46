"""The documents of FEDERATION.md, from a real run: `python -m tests.together.examples`.

Three nodes and a plain server make agreements, a community across them, and talk; what they say to
each other is kept, made readable, proven anew with fixed keys, and written to docs/examples. The
blocks of FEDERATION.md that stand under a link to such a file are written, too.
"""

import asyncio
import re
import tempfile
from pathlib import Path
from typing import Final

import orjson
from sqlalchemy import bindparam, select, update

from activitypub import synchronization
from domain.choices import Choice
from outbox.publish import FAN_OUT
from social.posts import Draft, create_post
from storage import migrate
from storage.tables.jobs import jobs
from storage.tx import Tx
from tests.support.commands import done
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.pictures import picture, upload
from tests.together.communities import Community
from tests.together.guides import copies
from tests.together.lifting import HANDLE, Lifting, agree, lifting
from tests.together.polling import counted, vote
from tests.together.readable import Names, quoted, readable, written
from tests.together.stories import application_of
from tests.together.tapping import Said, Tap, tapped
from tests.together.test_safe_lifting import fetch, id_at

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "docs" / "examples"
PAGE: Final = ROOT / "FEDERATION.md"

_FANS = select(jobs.c.id, jobs.c.payload).where(jobs.c.kind == FAN_OUT)
_SET = update(jobs).where(jobs.c.id == bindparam("key")).values(payload=bindparam("payload"))


async def collected(nodes: Nodes) -> dict[str, Json]:
    """Every example by the name of its file, readable."""
    with tapped() as tap:
        async with lifting(nodes) as story:
            telling = Telling(story, tap)
            await telling.tell()
            return readable(telling.examples, await telling.names())


class Telling:
    """One run, and what is kept of it."""

    def __init__(self, story: Lifting, tap: Tap) -> None:
        self.story, self.tap = story, tap
        self.examples: dict[str, Json] = {}
        self.hq, self.lab, self.firm = story.nodes

    async def keep(self, name: str, to: RunningNode | str, kind: str, *words: str) -> None:
        """An activity that was posted to a server, or is about to be."""
        self.examples[name] = (await self.posted(to, kind, *words)).body

    async def posted(self, to: RunningNode | str, kind: str, *words: str) -> Said:
        """Wait until an activity was posted to a server."""
        origin = to if isinstance(to, str) else to.origin
        await until(lambda: asyncio.sleep(0, self.tap.has(origin, kind, *words)))
        return self.tap.posted(origin, kind, *words)

    async def shown(self, name: str, path: str, person: Person) -> None:
        """What the community's node answers to somebody's signed GET."""
        answer = await fetch(f"{self.story.club.uri}{path}", self.hq, person)
        assert answer.status == 200, f"{path}: {answer.status}"
        self.examples[name] = answer.json

    async def names(self) -> Names:
        """Who is called what in the examples."""
        story = self.story
        return Names(
            hosts={
                self.hq.host: "n1.example",
                self.lab.host: "n2.example",
                self.firm.host: "n3.example",
                story.mastodon.server.authority: "m.example",
            },
            numbers={
                str(story.club.id): 9,
                **{str(story[who].id): n for who, n in (("ana", 3), ("bo", 4), ("cy", 5))},
                **{str(story[who].id): n for who, n in (("fay", 6), ("max", 7))},
                **{(await application_of(node)).rpartition("/")[2]: 1 for node in story.nodes},
            },
            there=(story["bo"].uri, story["fay"].uri),
        )

    async def tell(self) -> None:
        """The whole story."""
        await self.agreeing()
        await self.joining()
        root = await self.talking()
        await self.with_plain_people(root)
        await self.collections()
        await self.refusing()
        await self.leaving()
        await self.ending()
        await self.polling()

    async def agreeing(self) -> None:
        story = self.story
        await story.become_sisters()
        await story.found()
        await story.launch()
        await self.keep("invite", self.lab, "Invite")
        terms = ("--community", HANDLE, "--until", "2099-12-31", "--contact", "ana@n1.example")
        await agree(self.hq, self.firm, "--kind", "partner", *terms)
        application = await self.posted(self.hq, "Accept", "tertulia:seal", self.firm.host)
        asked = self.tap.got(f"{application.body['to'][0]}/offers")
        self.examples["offers"] = asked.answer
        self.examples["accept-offer"] = application.body

    async def joining(self) -> None:
        story = self.story
        for handle in ("cy", "fay"):
            await story.let_in(story[handle])
        await self.keep("follow", self.hq, "Follow", story["cy"].uri)
        await self.keep("accept-follow", self.firm, "Accept", "tertulia:Membership")
        await story["max"].follow(story.club.acct)

        async def asks() -> bool:
            return story["max"].acct in await done(self.hq, "community", "requests", HANDLE)

        await until(asks)
        why = "Please ask Cy to bring you along."
        await done(self.hq, "community", "refuse", HANDLE, story["max"].acct, "--reason", why)
        await story.settled()
        await self.keep("reject-follow", self.firm, "Reject", story["max"].uri)
        await story.invite_plain(story.mastodon, story.dee)
        await story.settled()

    async def talking(self) -> Json:
        """Ana asks, Cy answers with a picture and changes it, Bo likes it and does not."""
        story = self.story
        root = await story.say("ana", "How do you lift what has no handles?")
        await story.reads("cy", "no handles")
        await story.settled()
        files = [(await upload(story["cy"], picture(), description="a crate with eyelets"))["id"]]
        at_cys = {"in_reply_to_id": await id_at(story["cy"], root["uri"]), "visibility": "private"}
        said = await story["cy"].say("We screw eyelets into crates.", media_ids=files, **at_cys)
        await story.reads("bo", "eyelets")
        await story.settled()
        await self.keep("create", self.hq, "Create", said["uri"])
        await self.keep("announce-create", self.lab, "Announce", '"Create"', said["uri"])
        headers = (await self.posted(self.lab, "Announce", '"Create"', said["uri"])).headers
        club = self.story.club.uri
        assert headers["Collection-Synchronization"] == synchronization.header(
            f"{club}/followers", f"{club}/followers_sync", [story["bo"].uri, story["fay"].uri]
        )
        self.examples["announce-headers"] = headers
        await story["cy"].put(f"/api/v1/statuses/{said['id']}", status="We screw in eyelets, M8.")
        await story.reads("bo", "M8")
        await story.settled()
        await self.keep("update", self.hq, "Update", said["uri"])
        at_bos = f"/api/v1/statuses/{await id_at(story['bo'], said['uri'])}"
        await story["bo"].post(f"{at_bos}/favourite")
        await story.settled()
        await self.keep("like", self.hq, "Like", said["uri"])
        await self.keep("announce-like", self.firm, "Announce", '"Like"', said["uri"])
        await story["bo"].post(f"{at_bos}/unfavourite")
        other = await story["cy"].say("Sorry, wrong thread.", **at_cys)
        await story.reads("bo", "wrong thread")
        await story["cy"].delete(f"/api/v1/statuses/{other['id']}")
        await story.settled()
        await self.keep("undo-like", self.hq, "Undo", '"Like"', said["uri"])
        await self.keep("delete", self.hq, "Delete", other["uri"])
        return root

    async def with_plain_people(self, root: Json) -> None:
        """Dee answers her note; Ana answers Dee, changes it and takes it back."""
        story, inbox = self.story, self.story.mastodon.server.origin
        [copy] = [one for one in story.mastodon.home_of(story.dee) if "no handles" in one.content]
        self.examples["plain-answer"] = await story.mastodon.reply(story.dee, copy, "we use straps")
        await story.reads("cy", "we use straps")
        await story.settled()
        await self.keep(
            "announce-on-behalf", self.firm, "Announce", "tertulia:onBehalfOf", "straps"
        )
        at_anas = await story.reads("ana", "we use straps")
        more = {"in_reply_to_id": at_anas["id"], "visibility": "private"}
        said = await story["ana"].say("How wide?", **more)
        await story.settled()
        await self.keep("relay-create", inbox, "Create", "How wide?")
        await story["ana"].put(f"/api/v1/statuses/{said['id']}", status="How wide are they?")
        await story.settled()
        await self.keep("relay-update", inbox, "Update", "How wide are they?")
        note = self.examples["relay-update"]["object"]["id"]
        await story["ana"].delete(f"/api/v1/statuses/{said['id']}")
        await story.settled()
        await self.keep("relay-delete", inbox, "Delete", note)

    async def collections(self) -> None:
        cy, bo = self.story["cy"], self.story["bo"]
        await self.shown("group", "", cy)
        await self.shown("outbox", "/outbox?page=true", cy)
        await self.shown("followers-sync", "/followers_sync", cy)
        await self.shown("cards", f"/cards?of={bo.uri}", cy)

    async def refusing(self) -> None:
        """Cy's node hands something in without a proof."""
        cy, club = self.story["cy"], self.story.club
        await self.firm.db.write(_unproven, node=self.firm, person=cy, club=club)
        await self.story.settled()
        await self.keep("reject-create", self.firm, "Reject", "signature")

    async def leaving(self) -> None:
        story = self.story
        club = await story["fay"].find(story.club.acct)
        await story["fay"].post(f"/api/v1/accounts/{club['id']}/unfollow")
        await story.club.loses(story["fay"].uri)
        await story.settled()
        await self.keep("undo-follow", self.hq, "Undo", story["fay"].uri)
        said = f"@tertulia remove {story['cy'].acct} from {HANDLE}: The project is over."
        await story["ana"].say(said, visibility="direct")
        await story.club.loses(story["cy"].uri, self.firm)
        await until(self._acknowledged)
        await story.settled()
        await self.keep("remove", self.firm, "Reject", story["cy"].uri, "The project is over")
        await self.keep("acknowledge", self.hq, "Accept", '"Reject"')
        await self.shown("data-flow", "/data_flow", story["bo"])

    async def _acknowledged(self) -> bool:
        return any(
            one.method == "POST" and one.body["type"] == "Accept" and "Reject" in str(one.body)
            for one in self.tap.said
        )

    async def ending(self) -> None:
        await done(self.hq, "partner", "end", self.firm.host)

        async def forgotten() -> bool:
            listed = await done(self.hq, "partner", "list")
            return "they forgot what they got on" in listed

        await until(forgotten)
        await self.story.settled()
        await self.keep("undo-offer", self.firm, "Undo", '"Offer"')
        await self.keep("accept-undo", self.hq, "Accept", '"Undo"')

    async def polling(self) -> None:
        """Ana asks, Bo chooses, and the community tells how it stands."""
        story, inbox = self.story, self.story.mastodon.server.origin
        poll = {"options": ["Straps", "Eyelets"], "expires_in": 3600}
        said = await story.say("ana", "What helped you most?", poll=poll)
        at_bos = await story.reads("bo", "helped you most")
        await vote(story["bo"], at_bos, 1)
        await counted(story["ana"], said, 0, 1)
        tally = (self.lab.origin, "Announce", '"Update"', '"totalItems":1')

        async def told() -> bool:
            return self.tap.has(*tally)

        await until(told)
        await story.settled()
        await self.keep("vote", self.hq, "Create", "#votes/")
        await self.keep("announce-tally", self.lab, *tally[1:])
        await self.keep("relay-question", inbox, "Create", "helped you most")


def _unproven(tx: Tx, *, node: RunningNode, person: Person, club: Community) -> None:
    """A post in the community that is sent as if its node had forgotten the proof."""
    draft = Draft(f"{club.acct} and one more thing", visibility=Choice.PRIVATE)
    create_post(tx, node=node.node, author_id=person.id, draft=draft)
    for job, payload in tx.all(_FANS):
        given = orjson.loads(payload)
        given["reach"]["prove"] = False
        tx.run(_SET, key=job, payload=orjson.dumps(given))


async def run() -> dict[str, Json]:
    """Start the nodes, let it happen, and end them."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.db"
        migrate.upgrade(str(template))
        async with Nodes(copies(template), Path(folder)) as nodes:
            return await collected(nodes)


_BLOCK: Final = re.compile(
    r"(\[`(?P<name>[a-z-]+)\.json`\]\(docs/examples/[a-z-]+\.json\)[^\n]*:\n\n```json\n)"
    r"(?P<block>.*?)```",
    re.DOTALL,
)
"""A line that ends in a link to an example and a colon, and the block under it."""


def quoting(page: str, examples: dict[str, Json]) -> str:
    """The page with its blocks as the examples say."""

    def block(found: re.Match[str]) -> str:
        others = {name: one for name, one in examples.items() if name != found["name"]}
        return f"{found[1]}{written(quoted(examples[found['name']], others))}```"

    return _BLOCK.sub(block, page)


def main() -> None:
    """Write docs/examples and the blocks of FEDERATION.md."""
    examples = asyncio.run(run())
    FOLDER.mkdir(exist_ok=True)
    for name, document in examples.items():
        (FOLDER / f"{name}.json").write_text(written(document), "utf-8")
    PAGE.write_text(quoting(PAGE.read_text("utf-8"), examples), "utf-8")


if __name__ == "__main__":
    main()
