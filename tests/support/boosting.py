"""A scripted Mastodon whose people follow groups: what it makes of their Announces.

MA as in tests/support/mastodon.py. A post that it does not know is fetched from its own server;
the boost is known by the id of its Announce, and ends by an Undo that names it (MA
app/lib/activitypub/activity/announce.rb, undo.rb#undo_announce).
"""

import asyncio
from typing import Any

import orjson
from yarl import URL

from tests.support.mastodon import PUBLIC_SPELLINGS, Mastodon, listed
from tests.support.stranger import AS2, Document, Stranger


class Boosting(Mastodon):
    """What people here see of groups: posts as boosts by the group, newest last."""

    def __init__(self, server: Stranger, home: str) -> None:
        super().__init__(server, home)
        self.boosts: dict[str, Document] = {}  # by the Announce's id
        self.ignored: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def boosted(self) -> list[str]:
        """The words of what is boosted."""
        return [str(note["content"]) for note in self.boosts.values()]

    def announced(self, activity: Document) -> None:
        named = activity["object"]
        if not isinstance(named, str):
            self.ignored.append(named["type"])  # an embedded activity is nothing
            return
        if not any(activity["actor"] in held for held in self.following.values()):
            return
        task = asyncio.ensure_future(self._boost(activity["id"], named))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _boost(self, announce_id: str, uri: str) -> None:
        note = await self._fetch(uri)
        if note is None:
            return
        if {*listed(note.get("to")), *listed(note.get("cc"))} & PUBLIC_SPELLINGS:
            self.boosts[announce_id] = note

    async def _fetch(self, uri: str) -> Document | None:
        target = URL(uri)
        place = f"http://127.0.0.1:{target.port}{target.raw_path_qs}"
        headers = {"Accept": AS2, "Host": target.authority}
        async with self.server._client().get(place, headers=headers) as answer:
            if answer.status != 200 or AS2 not in answer.headers["Content-Type"]:
                return None
            found: Document = orjson.loads(await answer.read())
            return found if found["id"] == uri else None

    def receive(self, activity: Document) -> None:
        kind, about = activity["type"], activity.get("object")
        if kind == "Undo" and isinstance(about, dict) and about.get("type") == "Announce":
            self.boosts.pop(str(about["id"]), None)
        elif kind == "Delete":
            self._forget_boosts(about)
            super().receive(activity)
        elif kind in {"Create", "Update"} and activity["object"]["type"] == "Note":
            self._refresh(activity["object"])
            super().receive(activity)
        else:
            super().receive(activity)

    def _forget_boosts(self, about: Any) -> None:
        uri = about if isinstance(about, str) else about["id"]
        self.boosts = {key: note for key, note in self.boosts.items() if note["id"] != uri}

    def _refresh(self, note: Document) -> None:
        for key, known in self.boosts.items():
            if known["id"] == note["id"]:
                self.boosts[key] = note
