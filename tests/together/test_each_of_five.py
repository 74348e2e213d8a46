"""Each of five kinds of member begins a thread, answers, likes, edits and deletes: all see it.

A steward on the community's node, one on a sister, an external member on a partner's node, a guest,
and a member on a Mastodon server that knows nothing of communities.
"""

from typing import Protocol

import pytest

from storage.queries import posts
from tests.support.mastodon import Status
from tests.support.nodes import Nodes, until
from tests.support.stranger import Document
from tests.together.lifting import Lifting, lifting
from tests.together.test_safe_lifting import id_at, same_figures

OURS = ("ana", "bo", "cy", "nia")


class Voice(Protocol):
    """Somebody at their own kind of app; posts are known by their words."""

    async def begin(self, words: str) -> None: ...
    async def answer(self, to: str, words: str) -> None: ...
    async def like(self, words: str) -> None: ...
    async def unlike(self, words: str) -> None: ...
    async def edit(self, words: str, now: str) -> None: ...
    async def delete(self, words: str) -> None: ...


class Ours:
    """A member with an account on a node of ours."""

    def __init__(self, story: Lifting, handle: str) -> None:
        self.story = story
        self.handle = handle
        self.person = story[handle]

    async def _path(self, words: str) -> str:
        return f"/api/v1/statuses/{(await self.story.reads(self.handle, words))['id']}"

    async def begin(self, words: str) -> None:
        await self.story.say(self.handle, words)

    async def answer(self, to: str, words: str) -> None:
        parent = (await self.story.reads(self.handle, to))["id"]
        await self.person.say(words, in_reply_to_id=parent, visibility="private")

    async def like(self, words: str) -> None:
        await self.person.post(f"{await self._path(words)}/favourite")

    async def unlike(self, words: str) -> None:
        await self.person.post(f"{await self._path(words)}/unfavourite")

    async def edit(self, words: str, now: str) -> None:
        await self.person.put(await self._path(words), status=now)

    async def delete(self, words: str) -> None:
        await self.person.delete(await self._path(words))


class Dee:
    """The member on Mastodon, whose server tells of her words by their ids there."""

    def __init__(self, story: Lifting) -> None:
        self.story = story
        self.server = story.mastodon
        self.said: dict[str, Document] = {}
        self.liked: dict[str, Document] = {}

    async def _copy(self, words: str) -> Status:
        async def there() -> bool:
            return self.server.sees(self.story.dee, words)

        await until(there)
        return next(one for one in self.server.home_of(self.story.dee) if words in one.content)

    async def begin(self, words: str) -> None:
        club = self.story.club.uri
        text = f"<p>@group {words}</p>"
        sent = await self.server.send(self.story.dee, text, visibility="direct", group=club)
        self.said[words] = sent

    async def answer(self, to: str, words: str) -> None:
        copy = await self._copy(to)
        self.said[words] = await self.server.reply(self.story.dee, copy, words)

    async def like(self, words: str) -> None:
        self.liked[words] = await self.server.like(self.story.dee, await self._copy(words))

    async def unlike(self, words: str) -> None:
        await self.server.unlike(self.story.dee, self.liked.pop(words))

    async def edit(self, words: str, now: str) -> None:
        note = self.said[now] = self.said.pop(words)
        club = self.story.club.uri
        await self.server.edit(self.story.dee, note, f"<p>@group {now}</p>", club)

    async def delete(self, words: str) -> None:
        await self.server.delete(self.story.dee, self.said.pop(words))


async def all_read(story: Lifting, words: str, author: str) -> None:
    """Nobody is sent a note about her own words by a server that has them already."""
    await story.all_read(words, *([author] if author == "dee" else []))


async def gone(story: Lifting, uri: str, words: str) -> None:
    """Nobody finds it by its id any more, and no plain server shows it."""
    for handle in OURS:
        path = f"/api/v1/statuses/{await id_at(story[handle], uri)}"

        async def so(handle: str = handle, path: str = path) -> bool:
            return (await story[handle].ask("GET", path)).status == 404

        await until(so)

    async def forgotten() -> bool:
        return not any(server.sees(person, words) for server, person in story.servers)

    await until(forgotten)


@pytest.mark.both
async def test_each_of_five_is_heard_by_all_the_others(nodes: Nodes) -> None:
    async with lifting(nodes) as story:
        await story.everybody()
        voices: dict[str, Voice] = {handle: Ours(story, handle) for handle in OURS}
        voices["dee"] = Dee(story)
        ring = list(voices)
        for place, name in enumerate(ring):
            answerer, liker = ring[(place + 1) % len(ring)], ring[(place + 2) % len(ring)]
            await _a_thread(story, voices, name, answerer, liker)
        assert story.mastodon.leaked == story.gotosocial.leaked == []


async def _a_thread(
    story: Lifting, voices: dict[str, Voice], author: str, answerer: str, liker: str
) -> None:
    words, answer, edited = f"{author} begins", f"{answerer} to {author}", f"{author} again"
    await voices[author].begin(words)
    await all_read(story, words, author)
    uri = (await story.reads("ana", words))["uri"]
    await same_figures(story, uri, 0, 0)
    await voices[answerer].answer(words, answer)
    await all_read(story, answer, answerer)
    await voices[liker].like(words)
    await same_figures(story, uri, 1, 1)
    for handle in OURS:
        thread = await story[handle].get(
            f"/api/v1/statuses/{await id_at(story[handle], uri)}/context"
        )
        assert [answer in one["content"] for one in thread["descendants"]] == [True], handle
    await voices[liker].unlike(words)
    await same_figures(story, uri, 1, 0)
    await voices[author].edit(words, edited)
    await all_read(story, edited, author)
    answered = (await story.reads("ana", answer))["uri"]
    await voices[answerer].delete(answer)
    await gone(story, answered, answer)
    await same_figures(story, uri, 0, 0)
    await voices[author].delete(edited)
    await gone(story, uri, edited)
    row = await story.hq.db.read(posts.by_uri, uri)
    assert row is not None
    assert row.deleted_at is not None
