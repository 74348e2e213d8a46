"""Pages and forms of a guest: what is not for guests is not there, whatever is clicked (T404).

The same as `test_not_there`, with a session instead of a token: forms are sent with the word that
the guest's own pages have.
"""

import re
from collections.abc import AsyncIterator
from itertools import zip_longest

import pytest

from domain.kinds import Role
from tests.hostile.test_not_there import NEVER, Pair
from tests.support.nodes import Nodes, Person, RunningNode
from tests.together.stories import settled
from tests.web.visitor import Shown, Visitor, browsing

POLL = {"options": ["yes", "no"], "expires_in": 3600}
PAGES = (
    *("/posts/{post}", "/@{name}/{post}", "/posts/{post}/quote", "/report?post={post}"),
    *("/report?person={person}", "/communities/{person}/people", "/communities/{person}/copies"),
    *("/@{name}", "/reports/{post}", "/authorize_interaction?uri={origin}/o/{post}"),
    *("/authorize_interaction?uri={origin}/a/{person}", "/search?q={origin}/o/{post}"),
    *("/authorize_interaction?uri={name}@{host}", "/search?q={name}"),
)
FORMS = (
    *(
        (f"/posts/{{post}}/{deed}", {"choices": "0", "emoji": "🎉"})
        for deed in ("like", "unlike", "share", "unshare", "pin", "unpin", "delete", "react")
    ),
    ("/posts/{post}/vote", {"choices": "0"}),
    *(
        (f"/people/{{person}}/{deed}", {})
        for deed in ("follow", "unfollow", "accept", "refuse", "remove", "block", "unblock")
    ),
    ("/report", {"post": "{post}", "comment": "so", "category": "0"}),
    ("/report", {"person": "{person}", "comment": "so", "category": "0"}),
    *((f"/reports/{{post}}/{deed}", {"note": "so"}) for deed in ("close", "reopen", "note")),
    ("/authorize_interaction", {"uri": "{origin}/o/{post}"}),
    ("/posts", {"text": "so", "quoted": "{post}", "readers": "followers"}),
    ("/posts", {"text": "so", "reply_to": "{post}", "readers": "thread"}),
)


class Story:
    """Ana wrote; the guest Gina has a browser."""

    def __init__(self, node: RunningNode, ana: Person, browser: Visitor) -> None:
        self.node, self.ana, self.browser = node, ana, browser

    async def posts(self) -> list[str]:
        """One of each audience that a guest does not have, with a poll, and a quote."""
        quoted = await self.ana.say("for colleagues", poll=POLL)
        kinds = ({"visibility": "private"}, {"local_only": True}, {"visibility": "direct"})
        others = [await self.ana.say("for few", poll=POLL, **kind) for kind in kinds]
        quoting = await self.ana.say("for colleagues", quoted_status_id=quoted["id"])
        await settled(self.node)
        return [one["id"] for one in (quoted, *others, quoting)]

    def names(self, post_id: str) -> tuple[dict[str, str], dict[str, str]]:
        """What a pattern is filled with, and its twin."""
        here = {"origin": self.node.origin, "host": self.node.host}
        there = {"post": post_id, "person": str(self.ana.id), "name": "wanda"}
        never = {"post": str(NEVER), "person": str(NEVER), "name": "zelda"}
        return here | there, here | never

    async def word(self) -> str:
        """What the guest's own forms carry."""
        page = await self.browser.get("/settings")
        found = re.search(r'name="csrf" value="([^"]+)"', page.html)
        assert found is not None, page.html
        return found[1]


@pytest.fixture
async def story(nodes: Nodes) -> AsyncIterator[Story]:
    node = await nodes.start("hq", public_means="network")
    ana, gina = await node.person("wanda"), await node.person("gina", role=Role.GUEST)
    async with browsing(node, gina) as browser:
        yield Story(node, ana, browser)


def alike(first: Shown, there: dict[str, str], second: Shown, never: dict[str, str]) -> list[str]:
    """What two answers have not in common, but for the names of what was asked for."""
    pair = [_plain(first, there), _plain(second, never)]
    return [f"{one} | {other}" for one, other in zip_longest(*pair) if one != other]


def _plain(shown: Shown, names: dict[str, str]) -> list[str]:
    text = f"{shown.status}\n{shown.location}\n{shown.html}"
    text = text.replace(names["post"], "ID").replace(names["person"], "ID")
    text = re.sub(r'name="once" value="[^"]+"', "", text)
    return re.sub(rf"\b{names['name']}\b", "NAME", text).splitlines()


async def test_P06_a_page_for_others_is_no_page_for_a_guest(story: Story) -> None:
    for post_id in await story.posts():
        there, never = story.names(post_id)
        for pattern in PAGES:
            pair: Pair = (pattern.format(**there), pattern.format(**never))
            first, second = [await story.browser.get(path) for path in pair]
            assert alike(first, there, second, never) == [], pattern


async def test_P06_a_form_about_others_does_nothing_for_a_guest(story: Story) -> None:
    ids, word = await story.posts(), await story.word()
    before = [await story.ana.get(f"/api/v1/statuses/{one}") for one in ids]
    for post_id in ids:
        there, never = story.names(post_id)
        for pattern, given in FORMS:
            answers = []
            for names in (there, never):
                sent = {name: value.format(**names) for name, value in given.items()}
                answers.append(await story.browser.post(pattern.format(**names), csrf=word, **sent))
            first, second = answers
            assert first.status not in {401, 500}, (pattern, first.html)
            assert alike(first, there, second, never) == [], (pattern, given)
    assert [await story.ana.get(f"/api/v1/statuses/{one}") for one in ids] == before


async def test_P06_the_same_forms_work_for_a_colleague(story: Story) -> None:
    """The positive twin: what a guest sent in vain is done for a member."""
    bo = await story.node.person("bo")
    post = await story.ana.say("for colleagues", poll=POLL)
    async with browsing(story.node, bo) as browser:
        story.browser, word = browser, await Story(story.node, story.ana, browser).word()
        for path, given in (
            (f"/posts/{post['id']}/vote", {"choices": "0"}),
            (f"/posts/{post['id']}/react", {"emoji": "🎉"}),
            (f"/posts/{post['id']}/share", {}),
        ):
            assert (await browser.post(path, csrf=word, **given)).status == 303, path
        report = await browser.post("/report", csrf=word, post=post["id"], comment="so")
        assert report.status == 200
        for path in (f"/posts/{post['id']}/quote", f"/report?post={post['id']}"):
            assert (await browser.get(path)).status == 200, path
    shown = await story.ana.get(f"/api/v1/statuses/{post['id']}")
    assert (shown["poll"]["votes_count"], shown["favourites_count"]) == (1, 1)
    assert shown["reblogs_count"] == 1
