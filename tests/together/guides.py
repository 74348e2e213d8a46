"""The guides are walked through as they stand: `python -m tests.together.guides` fills them in.

A block marked `console` holds lines of three kinds: `hq$ tertulia …` is typed on the machine of a
node, `bo follows @x@hq.example` and `ana: words` are done in an app; what stands under such a line
is what came back, `tertulia to bo: words` from the helper. Hosts end in `.example`, days are
counted from the 22nd of November 2026, and the one-time code is always the same.
"""

import asyncio
import html
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from storage import migrate
from tests.support.commands import done, operate
from tests.support.nodes import Nodes, RunningNode, until
from tests.together.lifting import Lifting, lifting

ROOT: Final = Path(__file__).parents[2]
GUIDES: Final = ("docs/partners.md", "docs/communities.md")
_BLOCK: Final = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
_COMMAND: Final = re.compile(r"(hq|lab|firm)\$ tertulia (.*)")
_PEOPLE: Final = "(ana|ivo|nia|bo|fay|cy|max|dee)"
_FOLLOWS: Final = re.compile(rf"{_PEOPLE} (follows|unfollows) (\S+)")
_SAYS: Final = re.compile(rf"{_PEOPLE}: (.*)")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_LONG_DAY: Final = re.compile(r"\d{1,2} [A-Z]\w+ \d{4}")
_CODE: Final = re.compile(r"\b[0-9a-z]{4}(-[0-9a-z]{4}){4}\b")
_WRITTEN: Final = date(2026, 11, 22)
_SHOWN_CODE: Final = "7qk2-m9f3-0c8x-v4tn-5hrd"
_ON_THE_WAY: Final = timedelta(minutes=2)


async def walked(page: str, nodes: Nodes) -> str:
    """The page with what really came back in its blocks."""
    await _day_with_time_left()
    async with lifting(nodes) as story:
        for server, _ in story.servers:
            await done(story.hq, "partner", "forget", server.server.authority)
        walk = Walk(story)
        parts, end = [], 0
        for block in _BLOCK.finditer(page):
            parts += [page[end : block.start()], await walk.through(block[0])]
            end = block.end()
        return "".join([*parts, page[end:]])


class Walk:
    """One guide, done line by line on running nodes."""

    def __init__(self, story: Lifting) -> None:
        self._story = story
        self._code = _SHOWN_CODE
        self._heard: dict[str, set[str]] = {}
        self._hosts = {
            story.hq.host: "hq.example",
            story.lab.host: "lab.example",
            story.firm.host: "firm.example",
            story.mastodon.server.authority: "social.example",
        }
        self._nodes = dict(zip(("hq", "lab", "firm"), story.nodes, strict=True))

    async def through(self, block: str) -> str:
        """Do the block's lines; the block with what came back."""
        lines: list[str] = []
        for line in block.splitlines():
            if (command := _COMMAND.fullmatch(line)) is not None:
                lines += [line, *await self._type(self._nodes[command[1]], command[2])]
            elif (follows := _FOLLOWS.fullmatch(line)) is not None:
                lines.append(line)
                await self._follow(*follows.groups())
            elif (says := _SAYS.fullmatch(line)) is not None:
                lines.append(line)
                await self._say(says[1], says[2])
            else:
                continue
            await self._story.settled()
            for who in (*self._story.people, "dee"):
                lines += await self._told(who)
        return "".join(f"{line}\n" for line in lines)

    async def _type(self, node: RunningNode, words: str) -> list[str]:
        result = await operate(node, *shlex.split(self._real(words)))
        if (code := _CODE.search(result.stdout)) is not None:
            self._code = code[0]
        return self._shown(result.output).splitlines()

    async def _follow(self, who: str, what: str, acct: str) -> None:
        story, real = self._story, self._real(acct)
        if who == "dee":
            handle = real.lstrip("@").partition("@")[0]
            await story.mastodon.follow(story.dee, await self._group(handle))
        else:
            await self._found(who, real)
            account = await story[who].find(real)
            await story[who].post(f"/api/v1/accounts/{account['id']}/{what.removesuffix('s')}")

    async def _group(self, handle: str) -> str:
        asked = {"resource": f"acct:{handle}@{self._story.hq.host}"}
        found = await self._story["ana"].get("/api/v2/search", q=f"@{handle}", type="accounts")
        assert found["accounts"], asked
        return f"{self._story.hq.origin}/a/{found['accounts'][0]['id']}"

    async def _found(self, who: str, acct: str) -> None:
        """A node may remember for two seconds that it knew nobody there."""

        async def so() -> bool:
            more = {"q": acct, "resolve": "true", "type": "accounts"}
            return bool((await self._story[who].get("/api/v2/search", **more))["accounts"])

        await until(so)

    async def _say(self, who: str, words: str) -> None:
        visibility = "direct" if words.startswith("@tertulia") else "private"
        await self._story[who].say(self._real(words), visibility=visibility)

    async def _told(self, who: str) -> list[str]:
        """What the helper said to somebody since the last time, oldest first."""
        heard = self._heard.setdefault(who, set())
        said = self._at_dees() if who == "dee" else await self._noticed(who)
        fresh = {uri: content for uri, content in said.items() if uri not in heard}
        heard.update(fresh)
        return [line for content in fresh.values() for line in self._spoken(who, content)]

    async def _noticed(self, who: str) -> dict[str, str]:
        found = await self._story[who].notifications()
        said = [one["status"] for one in reversed(found) if one.get("status")]
        return {
            one["uri"]: one["content"] for one in said if one["account"]["username"] == "tertulia"
        }

    def _at_dees(self) -> dict[str, str]:
        found = self._story.mastodon.notices_of(self._story.dee)
        return {one.id: one.content for one in found if "/r/" not in one.id}

    def _spoken(self, who: str, content: str) -> list[str]:
        text = re.sub(r"<br ?/?>|</p><p>", "\n", content)
        text = html.unescape(self._shown(re.sub(r"<[^>]+>", "", text)))
        first, *more = [line for line in text.splitlines() if line.strip()]
        first = first.removeprefix(f"@{who} ")  # how a mention begins
        return [f"tertulia to {who}: {first}", *(f"  {line}" for line in more)]

    def _real(self, words: str) -> str:
        for host, name in self._hosts.items():
            words = words.replace(name, host)
        words = words.replace(_SHOWN_CODE, self._code)
        return _DAY.sub(lambda found: str(date.fromisoformat(found[0]) + _since()), words)

    def _shown(self, words: str) -> str:
        for host, name in self._hosts.items():
            words = words.replace(f"http://{host}", f"https://{name}").replace(host, name)
        words = _CODE.sub(_SHOWN_CODE, words)
        words = re.sub(r"\d{15,}", "9", words)
        words = _LONG_DAY.sub(lambda found: _long(found[0]), words)
        return _DAY.sub(lambda found: str(date.fromisoformat(found[0]) - _since()), words)


async def _day_with_time_left() -> None:
    """Days are told: none may turn on the way, so what little is left of one is waited for."""
    now = datetime.now(UTC)
    left = timedelta(days=1) - timedelta(hours=now.hour, minutes=now.minute, seconds=now.second)
    if left < _ON_THE_WAY:
        await asyncio.sleep(left.total_seconds())


def _since() -> timedelta:
    return datetime.now(UTC).date() - _WRITTEN


def _long(words: str) -> str:
    try:
        found = datetime.strptime(words, "%d %B %Y").replace(tzinfo=UTC).date() - _since()
    except ValueError:
        return words
    return f"{found.day} {found:%B %Y}"


async def _all() -> None:
    for name in GUIDES:
        page = (ROOT / name).read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder:
            template = Path(folder) / "template.db"
            migrate.upgrade(str(template))
            async with Nodes(copies(template), Path(folder)) as nodes:
                made = await walked(page, nodes)
        (ROOT / name).write_text(made, "utf-8")


def copies(template: Path) -> Callable[[], str]:
    """Fresh databases for nodes outside a test."""

    def make() -> str:
        return str(shutil.copy(template, tempfile.mkdtemp(dir=template.parent) + "/tertulia.db"))

    return make


if __name__ == "__main__":
    asyncio.run(_all())
