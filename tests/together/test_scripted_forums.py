"""The scripted forums do what the cited rules say of Lemmy and NodeBB: one test for each.

Without a node: what they would refuse is told to them directly.
"""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tests.support.forums import Place
from tests.support.lemmy import Lemmy
from tests.support.nodebb import NodeBB
from tests.support.stranger import PUBLIC, Document, Person, Seen, Stranger, stranger


class Forum:
    """A Lemmy with a community, and somebody elsewhere who says something to it."""

    def __init__(self, server: Stranger, far: Stranger, kind: type[Lemmy] = Lemmy) -> None:
        self.lemmy = kind(server, far.url("/inbox"))
        self.lia = self.lemmy.person("lia")
        self.group = self.lemmy.community("books", self.lia)
        self.far = far
        self.ned, self.eve = far.person("ned"), far.person("eve", key=1)

    @property
    def place(self) -> Place:
        return self.lemmy.places[self.group.uri]

    def note(self, author: Person | None = None, **more: Any) -> Document:
        common = {"to": [PUBLIC], "cc": [self.group.uri], "audience": self.group.uri}
        return self.far.note(author or self.ned, **common | more)

    def tell(self, kind: str, about: Any, by: Person | None = None, **more: Any) -> str:
        """What it refuses, or nothing."""
        common = {"to": [PUBLIC], "cc": [self.group.uri], "audience": self.group.uri}
        return self.give(self.far.activity(by or self.ned, kind, about, **common | more))

    def give(self, activity: Document) -> str:
        before = len(self.lemmy.refused)
        self.lemmy.take(Seen("POST", "/inbox", "", {}, orjson.dumps(activity)))
        new = self.lemmy.refused[before:]
        return new[0][1] if new else ""


@pytest.fixture
async def forum() -> AsyncIterator[Forum]:
    async with stranger("lemmy") as server, stranger("far") as far:
        made = Forum(server, far)
        yield made
        await made.lemmy.settled()


async def test_a_note_without_a_parent_is_a_post_with_its_first_line_as_title(forum: Forum) -> None:
    """LE protocol/page.rs, objects/post.rs."""
    note = forum.note(content="<p>What do you read?</p><p>I read maps.</p>")
    assert forum.tell("Create", note) == ""
    assert forum.place.titles() == ["What do you read?"]
    assert forum.tell("Create", forum.note(type="Page", name="On maps")) == ""
    assert forum.place.titles()[1] == "On maps"


async def test_the_community_stands_in_to_or_cc(forum: Forum) -> None:
    """Gotcha 25: LE page.rs, functions.rs."""
    lost: dict[str, Any] = {"to": [PUBLIC], "cc": [], "audience": None}
    assert forum.tell("Create", forum.note(**lost), **lost) == "no community in to or cc"
    assert forum.tell("Create", forum.note()) == ""


async def test_what_is_not_public_is_refused(forum: Forum) -> None:
    """LE utils/functions.rs, verify_visibility: the other way round for private ones."""
    closed: dict[str, Any] = {"to": [forum.group.uri], "cc": [f"{forum.group.uri}/followers"]}
    assert forum.tell("Create", forum.note(**closed), **closed) == "not public"


async def test_ids_lie_on_one_host(forum: Forum) -> None:
    """LE verify_domains_match."""
    note = forum.note()
    foreign = forum.lemmy.server.activity(forum.ned, "Create", note, cc=[forum.group.uri])
    assert forum.give(foreign) == "ids on different hosts"
    assert forum.tell("Create", note, by=forum.eve) == "the author is not the actor"
    assert forum.tell("Create", note) == ""


async def test_a_comment_needs_its_parent_and_an_open_thread(forum: Forum) -> None:
    note = forum.note()
    comment = forum.note(inReplyTo=note["id"])
    assert forum.tell("Create", comment) == "no such parent"
    assert forum.tell("Create", note) == ""
    assert forum.tell("Create", comment) == ""
    forum.lemmy.act(forum.place, forum.lia, "Lock", note["id"])
    assert forum.tell("Create", forum.note(inReplyTo=comment["id"])) == "locked"


async def test_moderators_alone_remove_lock_and_ban(forum: Forum) -> None:
    """LE community/mod.rs, verify_mod_action; one's own host may."""
    note = forum.note(forum.eve)
    assert forum.tell("Create", note, by=forum.eve) == ""
    for kind, about in (("Delete", note["id"]), ("Lock", note["id"]), ("Block", forum.eve.uri)):
        assert forum.tell(kind, about, summary="no") == "not a moderator"
    forum.place.moderators.append(forum.ned.uri)
    assert forum.tell("Delete", note["id"], summary="spam") == ""
    assert forum.place.shown() == []
    undone = forum.far.activity(forum.ned, "Delete", note["id"])
    assert forum.tell("Undo", undone) == ""
    assert len(forum.place.shown()) == 1
    assert forum.tell("Block", forum.eve.uri, target=forum.group.uri, removeData=True) == ""
    assert forum.place.shown() == []
    assert forum.tell("Create", forum.note(forum.eve), by=forum.eve) == "banned from the community"


async def test_an_announce_holds_an_activity_and_is_of_a_group_that_somebody_follows(
    forum: Forum,
) -> None:
    """LE protocol/activities/community/announce.rs, db_schema/impls/community.rs."""
    club = forum.far.person("club", kind="Group", key=2)
    note = forum.note(cc=[club.uri], audience=club.uri)
    create = forum.far.activity(forum.ned, "Create", note)
    announce = forum.far.activity(club, "Announce", create)
    assert forum.give(announce) == "no local followers"
    forum.lemmy.places[club.uri] = Place(club.uri, subscribed={forum.lia.uri})
    assert forum.give(announce) == ""
    bare = forum.far.activity(club, "Announce", note["id"])
    assert forum.give(bare) == "an Announce holds an activity"


async def test_likes_count_once_each_and_dislikes_not_as_likes(forum: Forum) -> None:
    note = forum.note()
    assert forum.tell("Create", note) == ""
    assert forum.tell("Like", note["id"]) == forum.tell("Like", note["id"]) == ""
    assert forum.tell("Dislike", note["id"], by=forum.eve) == ""
    assert forum.place.threads[note["id"]].likes == {forum.ned.uri}
    assert forum.tell("Like", forum.far.url("/notes/none")) == "no such post"


async def test_a_nodebb_wants_an_id_and_one_plain_digest(forum: Forum) -> None:
    """NB src/middleware/activitypub.js, src/activitypub/signatures.js; it shares bare Announces."""
    async with stranger("nodebb") as server:
        nodebb = Forum(server, forum.far, NodeBB)
        create = forum.far.activity(forum.ned, "Create", nodebb.note())
        assert nodebb.give(create | {"id": None}) == "an activity has an id"
        assert nodebb.give(create) == ""
        two = Seen("POST", "/inbox", "", {"digest": "SHA-256=a,SHA-512=b"}, b"{}")
        assert nodebb.lemmy.take(two).status == 400
        bare = forum.far.activity(forum.ned, "Announce", nodebb.note()["id"])
        assert nodebb.give(bare) == ""
        await nodebb.lemmy.settled()
