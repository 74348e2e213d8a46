"""The canary sweep again, for what stands beside words: polls and votes, quotes, pins, reactions,
reports, files of every kind, and every door that leads to them (G06, G19, G21, G60, P02).

The same story and the same ears as in `test_canaries`; what is private is other.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientSession
from sqlalchemy import select

from activitypub.vocabulary import ACCEPT
from storage.tables.quotes import quotes
from storage.tx import Tx
from tests.support.films import PDF
from tests.support.nodes import Json, Nodes, Person, RunningNode
from tests.support.pictures import form_with
from tests.together.communities import Community
from tests.together.lifting import lifting
from tests.together.polling import tell_now
from tests.together.recorder import recording
from tests.together.spies import Spy
from tests.together.test_canaries import NAMES, WORDS, Sweep, listening
from tests.together.test_safe_lifting import fetch
from tests.web.visitor import browsing
from web.routes import Access
from web.tables import ROUTES

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
FRIENDS = {"ivo": "fay", "fay": "bo", "ana": "ivo", "bo": "fay"}
KINDS: dict[str, dict[str, Any]] = {
    "network": {},
    "node": {"local_only": True},
    "followers": {"visibility": "private"},
    "direct": {"visibility": "direct"},
}
BESIDE = (
    *("replies", "replies?page=true", "likes", "shares"),
    *("", "?page=true", "/history", "/history?page=true"),
)
OF_ACTOR = ("featured", "moderators", "followers_sync", "outbox?page=true", "followers")
DEEDS = ("pin", "unpin", "favourite", "reblog")


class Beside(Sweep):
    """The same sweep with everything that a post may have beside its words."""

    async def _posts(self, author: Person, friend: Person) -> None:
        who = author.handle
        for kind, more in KINDS.items():
            named = friend.acct if friend.node is not author.node else f"@{friend.handle}"
            words = f"{named} " if kind == "direct" else ""
            options = [self.private(f"{kind} {one} answer of {who}") for one in ("first", "other")]
            asked = await author.say(
                f"{words}{WORDS} {self.private(f'{kind} question of {who}')}",
                poll={"options": options, "expires_in": 3600},
                **more,
            )
            self._keep(author.node, asked["id"], asked["uri"])
            await self._paper(author, words, kind, more)
            if kind != "direct":
                await author.post(f"/api/v1/statuses/{asked['id']}/pin")
            if kind in {"network", "followers"}:
                await self._answered(author, friend, asked)
            await self._later(author, words, kind, more)
        await self._reported(author, friend)

    async def _paper(self, author: Person, words: str, kind: str, more: dict[str, Any]) -> None:
        """A document, which keeps its name."""
        name = f"{self.private(f'{kind} file of {author.handle}')}.pdf"
        alt = self.private(f"{kind} description of {author.handle}")
        form = form_with(PDF, name, description=alt)
        made = await author.ask("POST", "/api/v2/media", data=form)
        assert made.status == 200, made.text
        said = await author.say(f"{words}{WORDS} paper", media_ids=[made.json["id"]], **more)
        self._keep(author.node, said["id"], said["uri"])
        address = said["media_attachments"][0]["url"].partition("/media/")
        file_id, viewer_id = address[2].split("/")[:2]
        node = author.node.node  # the address itself is as good as its finder's right (protocol §7)
        self.places += [f"{node.origin}/media/{file_id}/{viewer_id}", node.file(int(file_id))]

    async def _later(self, author: Person, words: str, kind: str, more: dict[str, Any]) -> None:
        """A post that has not appeared yet."""
        text = f"{words}{WORDS} {self.private(f'{kind} words for later of {author.handle}')}"
        waits = await author.say(text, scheduled_at=TOMORROW, **more)
        self._keep(author.node, waits["id"], author.node.node.post(int(waits["id"])))

    async def _answered(self, author: Person, friend: Person, asked: Json) -> None:
        """A friend votes, reacts and quotes."""
        question = re.findall(rf"{self.private.mark}\w+", asked["content"])[0]
        if friend.node is author.node:
            seen = asked["id"]
            if asked["visibility"] == "private":
                return  # whoever does not follow has no right to it
        else:
            seen = (await friend.sees(question))["id"]
        await friend.post(f"/api/v1/polls/{seen}/votes", choices=[1])
        await friend.put(f"/api/v1/pleroma/statuses/{seen}/reactions/🎉")
        if friend.node is author.node:  # nobody elsewhere quotes what is for colleagues
            words = self.private(f"quote by {friend.handle} of {author.handle}")
            said = await friend.say(f"{WORDS} {words}", quoted_status_id=seen)
            self._keep(friend.node, said["id"], said["uri"])

    async def _reported(self, author: Person, friend: Person) -> None:
        account = await author.find(friend.acct)
        await author.post(
            "/api/v1/reports",
            account_id=account["id"],
            comment=self.private(f"report by {author.handle}"),
            forward=True,
        )

    async def _community(self, steward: Person, second: Person) -> None:
        await super()._community(steward, second)
        host = steward.node.host
        club = Community(steward.node, int(self.ids[steward.node][-2]), "")
        row = await steward.get(f"/api/v1/accounts/{club.id}")
        options = [self.private(f"answer {one} in the community at {host}") for one in "12"]
        asked = await steward.say(
            f"@{row['username']} {WORDS} {self.private(f'question in the community at {host}')}",
            visibility="private",
            poll={"options": options, "expires_in": 3600},
        )
        self._keep(steward.node, asked["id"], asked["uri"])
        await steward.post(f"/api/v1/statuses/{asked['id']}/pin")
        await second.find(club.uri)

    # What is shared.

    async def converse(self) -> None:
        """A poll and a document in the club for everybody to hear, and a vote from each node."""
        story = self.story
        options = [self.shared(f"answer {one}") for one in "12"]
        words = self.shared("question")
        acct = f"@{story.club.handle}"
        asked = await story["ana"].say(
            f"{acct} {words}", visibility="private", poll={"options": options, "expires_in": 3600}
        )
        await story.all_read(words)
        await story["ana"].post(f"/api/v1/statuses/{asked['id']}/pin")
        for handle in ("bo", "cy", "nia"):
            read = await story.reads(handle, words)
            await story[handle].post(f"/api/v1/polls/{read['id']}/votes", choices=[0])
        for node in story.nodes:
            await tell_now(node)
        await story.settled()

    # Asking.

    async def crawl(self) -> None:
        """All that the other sweep asks for, and every door of what stands beside."""
        await super().crawl()
        for node in (self.story.hq, self.story.lab):
            for consent in await node.db.read(_consents):
                self.places.append(node.node.authorization(consent))
                await self._nobody(node, f"/q/{consent}")
        for place in self._doors():
            node = self.story.lab if place.startswith(self.story.lab.origin) else self.story.hq
            self.recorder.hear("firm", await fetch(place, node, self.story["cy"]))
            self.recorder.hear("plain", await self.spy.fetch(place))
            await self._nobody(node, place.removeprefix(node.origin))
        await self._tries()
        await self._pages()

    async def _nobody(self, node: RunningNode, path: str) -> None:
        for accept in (ACCEPT, "text/html"):
            answer = await node.ask("GET", path, headers={"Accept": accept})
            self.recorder.hear("nobody", answer)

    def _doors(self) -> Iterator[str]:
        for node, ids in self.ids.items():
            for one in dict.fromkeys(ids):
                yield from (f"{node.origin}/o/{one}/{name}" for name in BESIDE[:4])
                yield from (f"{node.origin}/t/{one}{name}" for name in BESIDE[4:])
                yield from (f"{node.origin}/a/{one}/{name}" for name in OF_ACTOR)
        yield from (f"{place}?page=true" for place in self.places if "/a/" in place)

    async def _tries(self) -> None:
        """The guest tries everything that changes something."""
        nia, hear = self.story["nia"], self.recorder.hear
        for one in dict.fromkeys(self.ids[self.story.hq]):
            for path, given in _attempts(one):
                answer = await nia.ask("POST", path, json=given)
                assert answer.status in {200, 401, 403, 404, 422}, (path, answer.text)
                hear("guest", answer)
            path = f"/api/v1/pleroma/statuses/{one}/reactions/🎉"
            hear("guest", await nia.ask("PUT", path))
            hear("guest", await nia.ask("DELETE", path))

    async def _pages(self) -> None:
        """Every page with the guest's session, and all of the same for a colleague."""
        for ear, handle in (("guest", "nia"), ("colleague", "ivo")):
            async with browsing(self.story.hq, self.story[handle]) as browser:
                for path in _pages(dict.fromkeys(self.ids[self.story.hq])):
                    shown = await browser.get(path)
                    self.recorder.ears[ear] += str(shown.headers).encode() + shown.body


def _consents(tx: Tx) -> list[int]:
    found = tx.all(select(quotes.c.id))
    return [row[0] for row in found]


def _attempts(one: str) -> Iterator[tuple[str, dict[str, object]]]:
    yield from ((f"/api/v1/statuses/{one}/{deed}", {}) for deed in DEEDS)
    yield f"/api/v1/polls/{one}/votes", {"choices": [0]}
    yield "/api/v1/statuses", {"status": "so", "quoted_status_id": one, "visibility": "direct"}
    yield "/api/v1/statuses", {"status": "so", "in_reply_to_id": one, "visibility": "direct"}
    yield f"/api/v1/accounts/{one}/block", {}
    yield f"/api/v1/accounts/{one}/unblock", {}
    yield "/api/v1/reports", {"account_id": one, "status_ids": [one]}


def _pages(ids: Iterable[str]) -> Iterator[str]:
    for route in ROUTES:
        if route.method != "GET" or route.access not in {Access.SIGNED_IN, Access.BROWSER}:
            continue
        if "{" not in route.path:
            yield f"{route.path}?q={WORDS}&uri=ivo"
        elif "{token}" not in route.path and "{name}" not in route.path:
            for one in ids:
                yield re.sub(r"\{\w+\}", one, route.path.replace("{acct}", "ivo"))
    for one in ids:
        yield from (f"/report?post={one}", f"/report?person={one}", f"/posts/{one}/quote")


@asynccontextmanager
async def a_sweep(nodes: Nodes) -> AsyncIterator[Beside]:
    """Everybody in the community, every byte recorded from the first."""
    async with recording() as recorder, ClientSession() as session:
        doors = {name: await recorder.door(name) for name in NAMES}
        async with lifting(nodes, doors) as story:
            for name, node in zip(NAMES, story.nodes, strict=True):
                recorder.go_around(node, name)
            await story.everybody()
            spy = Spy(story.mastodon.server, session)
            spy.eve = story.dee
            yield Beside(story, recorder, spy)


async def test_G06_nothing_private_beside_words_reaches_an_outsider(nodes: Nodes) -> None:
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
        inside = {
            *("network question of ana", "network other answer of ana", "direct question of ana"),
            *("quote by ivo of ana", "network file of ana"),
            *("node first answer of ana", "network description of ana", "network question of bo"),
            f"answer 2 in the community at {sweep.story.hq.host}",
        }
        assert sweep.heard_inside() >= inside, "these addresses lead to what colleagues read"
        assert not {one for one in sweep.heard_inside() if one.startswith("report by")}
        shared = set(sweep.shared.labels.values())
        assert sweep.shared.found_in(ears["firm"]) == shared
        assert sweep.shared.found_in(ears["guest"]) == shared
        assert sweep.shared.found_in(ears["nobody"]) == set()
        assert sweep.shared.found_in(ears["plain"]) >= {"question"}
