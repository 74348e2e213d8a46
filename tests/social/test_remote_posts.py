"""Posts of other servers: what is kept, who may read it, and what an Update cannot do."""

from typing import Any

import pytest
from sqlalchemy import bindparam, select

from activitypub.parse.posts import parse_note
from domain.audience import ANONYMOUS, Audience, Kind, Viewer
from domain.errors import NotFound
from domain.ids import HERE, time_of
from domain.kinds import ActorType, NotificationKind, Role
from social.posts import delete_remote_post, store_remote_post, update_remote_post
from storage.queries import erasing
from storage.queries import posts as rows
from storage.queries.actors import by_id as actor_by_id
from storage.queries.origins import remember_application
from storage.tables.posts import post_versions
from storage.tables.timelines import home_entries, notifications
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, visible
from storage.views.threads import thread
from storage.views.versions import former_versions
from tests.support.factories import (
    NODE,
    add_actor,
    add_community,
    add_follow,
    add_membership,
    add_node,
    add_person,
    add_post,
    add_remote,
    add_share,
    add_sister,
    guest,
    member,
    origin_of,
)

pytestmark = pytest.mark.both

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
FAR = "https://far.example"
TOLD = select(notifications.c.actor_id, notifications.c.kind, notifications.c.post_id)
HOMES = select(home_entries.c.actor_id).where(home_entries.c.post_id == bindparam("post_id"))
VERSIONS = select(post_versions.c.content)


class Far:
    """Zoe and Yan on another server, Ana and Bo here; Ana follows Zoe."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        add_node(tx)
        self.ana, self.bo = add_person(tx, "ana"), add_person(tx, "bo")
        self.gina = add_person(tx, "gina", role=Role.GUEST)
        self.zoe, self.yan = add_remote(tx, "zoe"), add_remote(tx, "yan")
        add_follow(tx, self.ana, self.zoe)
        self.origin = origin_of(tx, FAR)
        self.number = 0

    def actor(self, identifier: int) -> ActorView:
        found = actor_by_id(self.tx, identifier)
        assert found is not None
        return found

    def note(self, author: int, **changes: Any) -> dict[str, Any]:
        self.number += 1
        return {
            "id": f"{FAR}/notes/{self.number}",
            "type": "Note",
            "attributedTo": self.actor(author).uri,
            "to": [PUBLIC],
            "cc": [self.actor(author).followers],
            "content": "<p>words</p>",
        } | changes

    def take(
        self, author: int, document: dict[str, Any] | None = None, **changes: Any
    ) -> int | None:
        wanted = changes.pop("wanted", False)
        made = document or self.note(author, **changes)
        return store_remote_post(
            self.tx, node=NODE, note=parse_note(made), signer=self.actor(author), wanted=wanted
        )

    def taken(self, author: int, **changes: Any) -> int:
        found = self.take(author, **changes)
        assert found is not None
        return found

    def row(self, post_id: int) -> PostRow:
        found = rows.by_id(self.tx, post_id)
        assert found is not None
        return found

    def told(self, person: int) -> list[tuple[NotificationKind, int]]:
        return [(kind, post) for who, kind, post in self.tx.all(TOLD) if who == person]

    def named(self, *people: int) -> dict[str, Any]:
        uris = [self.actor(each).uri for each in people]
        return {"to": uris, "cc": [], "tag": [{"type": "Mention", "href": uri} for uri in uris]}

    def sees(self, viewer: Viewer, post_id: int) -> bool:
        try:
            visible(self.tx, post_id, viewer)
        except NotFound:
            return False
        return True


@pytest.fixture
def far(tx: Tx) -> Far:
    return Far(tx)


@pytest.mark.parametrize("spelling", [PUBLIC, "as:Public", "Public"])
def test_O18_public_in_every_spelling(far: Far, spelling: str) -> None:
    listed = far.taken(far.zoe, to=[spelling])
    quiet = far.taken(far.zoe, to=[far.actor(far.zoe).followers], cc=spelling)
    assert far.sees(ANONYMOUS, listed)
    assert far.sees(ANONYMOUS, quiet)
    assert (far.row(listed).quiet, far.row(quiet).quiet) == (False, True)


def test_followers_posts_are_for_followers_and_those_named(far: Far) -> None:
    followers = far.actor(far.zoe).followers
    post = far.taken(far.zoe, to=[followers], cc=[])
    assert far.row(post).audience == Audience.followers(far.zoe)
    assert far.sees(member(far.ana), post)
    assert not far.sees(member(far.bo), post)
    named = far.named(far.gina)
    both = far.taken(far.zoe, **(named | {"to": [followers, *named["to"]]}))
    assert far.sees(guest(far.gina), both)
    assert not far.sees(member(far.bo), both)


def test_direct_posts_are_for_those_addressed(far: Far) -> None:
    post = far.taken(far.zoe, **far.named(far.bo))
    assert far.row(post).audience == Audience.direct()
    assert far.sees(member(far.bo), post)
    assert not far.sees(member(far.ana), post)
    assert far.told(far.bo) == [(NotificationKind.MENTION, post)]
    assert far.tx.all(HOMES, post_id=post) == []


def test_O18_an_unknown_addressee_is_nobody(far: Far) -> None:
    others = "https://other.example/users/x/followers"
    unknown: dict[str, Any] = {"to": [others, far.actor(far.yan).followers], "cc": []}
    assert far.take(far.zoe, **unknown) is None
    post = far.taken(far.zoe, wanted=True, **unknown)
    assert far.row(post).audience == Audience.direct()
    assert not far.sees(member(far.ana), post)


def test_O19_named_only_in_a_tag_is_no_right_to_read(far: Far) -> None:
    tag = [{"type": "Mention", "href": far.actor(far.bo).uri}]
    hidden = {"bto": [far.actor(far.bo).uri], "bcc": [PUBLIC]}
    post = far.taken(far.zoe, to=[far.actor(far.zoe).followers], cc=[], tag=tag, **hidden)
    assert not far.sees(member(far.bo), post)
    assert far.told(far.bo) == []
    assert far.sees(member(far.ana), post)
    addressed = far.named(far.ana) | {"tag": []}
    silent = far.taken(far.zoe, **addressed)
    view = visible(far.tx, silent, member(far.ana))
    assert [actor.handle for actor in view.silent] == ["ana"]
    assert far.told(far.ana) == []


def test_O01_O07_a_post_lies_on_its_author_s_server(far: Far) -> None:
    ours = far.note(far.zoe, id=f"{NODE.origin}/o/1")
    third = far.note(far.zoe, id="https://third.example/1")
    other = far.note(far.zoe, attributedTo=far.actor(far.yan).uri)
    of_ours = far.note(far.zoe, attributedTo=far.actor(far.ana).uri)
    for document in (ours, third, other, of_ours):
        assert far.take(far.zoe, document) is None
        assert rows.by_uri(far.tx, document["id"]) is None
    local = far.note(far.ana, id=f"{NODE.origin}/o/2")
    assert far.take(far.ana, local) is None
    assert far.take(far.zoe) is not None


def test_what_concerns_nobody_here_is_not_kept(far: Far) -> None:
    assert far.take(far.yan) is None
    assert far.take(far.yan, wanted=True) is not None
    assert far.take(far.yan, **far.named(far.bo)) is not None
    assert far.take(far.yan, tag=[{"type": "Mention", "href": far.actor(far.bo).uri}]) is not None
    mine = add_post(far.tx, far.ana, Audience.public())
    assert far.take(far.yan, inReplyTo=far.row(mine).uri) is not None
    followed = far.taken(far.zoe)
    assert far.take(far.yan, inReplyTo=far.row(followed).uri) is not None
    stranger = far.taken(far.yan, wanted=True)
    assert far.take(far.yan, inReplyTo=far.row(stranger).uri) is None


def test_taking_a_post_twice_has_one_effect(far: Far) -> None:
    document = far.note(far.zoe, **far.named(far.ana))
    first = far.take(far.zoe, document)
    assert far.take(far.zoe, document) == first
    assert len(far.told(far.ana)) == 1
    assert far.take(far.yan, document | {"attributedTo": far.actor(far.yan).uri}) is None


def test_homes_and_streams_get_what_was_sent_and_not_what_was_fetched(far: Far) -> None:
    sent, fetched = far.taken(far.zoe), far.taken(far.zoe, wanted=True)
    assert far.tx.all(HOMES, post_id=sent) == [(far.ana,)]
    assert far.tx.all(HOMES, post_id=fetched) == []


def test_an_answer_that_overtook_comes_home_with_what_it_answers(far: Far) -> None:
    root = far.note(far.zoe)
    answer = far.taken(far.zoe, inReplyTo=root["id"])
    strange = far.note(far.yan)
    other = far.taken(far.zoe, inReplyTo=strange["id"])
    assert far.tx.all(HOMES, post_id=answer) == []
    far.taken(far.zoe, document=root)
    assert far.tx.all(HOMES, post_id=answer) == [(far.ana,)]
    far.taken(far.yan, document=strange, wanted=True)
    assert far.row(other).reply_to_author_id == far.yan
    assert far.tx.all(HOMES, post_id=other) == [], "Ana does not follow whom it answers"


def test_a_post_that_was_fetched_before_it_came_is_news_when_it_comes(far: Far) -> None:
    document = far.note(far.zoe, **far.named(far.ana))
    post = far.take(far.zoe, document, wanted=True)
    assert post is not None
    assert far.tx.all(HOMES, post_id=post) == []
    assert far.told(far.ana) == []
    for _ in range(2):
        assert far.take(far.zoe, document) == post
    assert far.tx.all(HOMES, post_id=post) == [(far.ana,)]
    assert far.told(far.ana) == [(NotificationKind.MENTION, post)]


def test_times_are_never_ahead_and_ids_follow_them(far: Far) -> None:
    old = far.taken(far.zoe, published="2020-01-01T00:00:00Z")
    ahead = far.taken(far.zoe, published="2120-01-01T00:00:00Z")
    assert time_of(old) == far.row(old).created_at == 1_577_836_800_000
    assert far.row(ahead).created_at == far.tx.now
    assert time_of(ahead) < 4_000_000_000_000


def test_kinds_with_a_title_show_it_and_links_are_kept(far: Far) -> None:
    post = far.taken(
        far.zoe,
        type="Article",
        name="On <lifting>",
        attachment=[{"type": "Link", "href": f"{FAR}/cats", "name": "all cats"}],
    )
    row, content = far.row(post), far.row(post).content
    assert row.title == "On <lifting>"
    assert content.startswith("<p>words</p>")
    assert f'href="{FAR}/cats"' in content
    assert ">all cats</a>" in content


# Answers.


def test_an_answer_is_met_with_its_root(far: Far) -> None:
    root = add_post(far.tx, far.ana, Audience.followers(far.ana))
    add_follow(far.tx, far.zoe, far.ana)
    answer = far.taken(far.zoe, inReplyTo=far.row(root).uri)
    row = far.row(answer)
    assert (row.audience, row.root_audience) == (Audience.followers(far.ana),) * 2
    assert (row.reply_to_id, row.root_id) == (root, root)
    assert not far.sees(member(far.bo), answer)
    assert far.sees(member(far.ana), answer)


def test_O11_an_answer_to_what_its_author_cannot_see_is_an_answer_to_nothing(far: Far) -> None:
    hidden = add_post(far.tx, far.ana)
    secret = add_post(far.tx, far.ana, Audience.direct(), named=(far.bo,))
    here = [far.row(hidden).uri, far.row(secret).uri, f"{NODE.origin}/o/4711"]
    for uri in here:
        assert far.take(far.zoe, inReplyTo=uri, **far.named(far.ana)) is None
    assert far.row(hidden).replies_count == 0
    assert far.told(far.ana) == []
    opened = add_post(far.tx, far.ana, Audience.public())
    assert far.take(far.zoe, inReplyTo=far.row(opened).uri) is not None
    assert far.row(opened).replies_count == 1


def test_answers_wait_for_what_they_answer(far: Far) -> None:
    parent, middle = far.note(far.zoe), far.note(far.zoe)
    middle["inReplyTo"] = parent["id"]
    last = far.taken(far.zoe, inReplyTo=middle["id"])
    assert far.row(last).reply_to_uri == middle["id"]
    assert far.row(last).root_id == last
    middle_id = far.take(far.zoe, middle)
    assert middle_id is not None
    assert (far.row(last).reply_to_id, far.row(last).root_id) == (middle_id, middle_id)
    assert far.row(last).reply_to_uri is None
    parent_id = far.take(far.zoe, parent)
    assert parent_id is not None
    assert {far.row(post).root_id for post in (last, middle_id, parent_id)} == {parent_id}
    assert [far.row(post).replies_count for post in (parent_id, middle_id)] == [1, 1]
    above, below, _, _ = thread(far.tx, middle_id, ANONYMOUS)
    assert [view.id for view in above] == [parent_id]
    assert [view.id for view in below] == [last]


def test_a_late_parent_narrows_its_thread(far: Far) -> None:
    """The answer said Public, but what it answers is for followers."""
    parent = far.note(far.zoe, to=[far.actor(far.zoe).followers], cc=[])
    answer = far.taken(far.zoe, inReplyTo=parent["id"])
    assert far.sees(ANONYMOUS, answer)
    parent_id = far.take(far.zoe, parent)
    assert far.row(answer).root_id == parent_id
    assert not far.sees(ANONYMOUS, answer)
    assert not far.sees(member(far.bo), answer)
    assert far.sees(member(far.ana), answer)
    assert far.row(parent_id or 0).replies_count == 1


def test_a_late_parent_never_opens_what_stands_below(far: Far) -> None:
    """Design §1, rule 8: what the waiting root kept closed stays closed under a public one."""
    add_follow(far.tx, far.bo, far.yan)
    parent = far.note(far.zoe)
    closed = far.taken(far.yan, inReplyTo=parent["id"], to=[far.actor(far.yan).followers], cc=[])
    below = add_post(
        far.tx,
        far.bo,
        Audience.public(),
        root=closed,
        root_audience=far.row(closed).audience,
        root_author=far.yan,
        reply_to_id=closed,
    )
    assert not far.sees(member(far.ana), below)
    parent_id = far.take(far.zoe, parent)
    assert far.row(closed).root_id == parent_id
    assert far.row(below).root_id == closed
    assert not far.sees(member(far.ana), below)
    assert not far.sees(ANONYMOUS, closed)
    assert far.sees(member(far.bo), closed)


def test_who_may_not_read_the_late_parent_goes_on_waiting(far: Far) -> None:
    add_follow(far.tx, far.bo, far.yan)
    parent = far.note(far.zoe, **far.named(far.ana))
    answer = far.taken(far.yan, inReplyTo=parent["id"])
    parent_id = far.take(far.zoe, parent)
    assert parent_id is not None
    assert far.row(answer).reply_to_uri == parent["id"]
    assert far.row(answer).reply_to_id is None
    assert far.row(parent_id).replies_count == 0


# Networks and communities.


def test_a_sister_s_network_is_for_full_members_here(far: Far) -> None:
    application = add_actor(
        far.tx, "node", origin_id=far.origin, base=FAR, type=ActorType.APPLICATION
    )
    remember_application(far.tx, far.origin, application)
    network: dict[str, Any] = {"to": [far.actor(application).followers], "cc": []}
    assert far.take(far.yan, **network) is None
    add_sister(far.tx, far.origin, since=0)
    post = far.taken(far.yan, **network)
    assert far.row(post).audience == Audience.network(far.origin)
    assert far.sees(member(far.bo), post)
    assert not far.sees(guest(far.gina), post)
    assert not far.sees(ANONYMOUS, post)
    answered = add_post(far.tx, far.ana)
    reply = far.taken(far.yan, inReplyTo=far.row(answered).uri)
    assert far.row(reply).audience == Audience.network(HERE)


def test_what_is_said_in_a_community_is_for_it_to_take_in(far: Far) -> None:
    """Addressed past the community's own way, it is nobody's (`tests/social/test_gathering.py`)."""
    club = add_community(far.tx, "club")
    add_membership(far.tx, club, far.bo)
    add_membership(far.tx, club, far.yan)
    uri = far.actor(club).uri
    assert far.take(far.yan, to=[uri], cc=[], audience=uri) is None
    outsider = far.taken(far.zoe, to=[uri], cc=[], audience=uri, wanted=True)
    assert far.row(outsider).kind is Kind.DIRECT
    assert not far.sees(member(far.bo), outsider)
    said = add_post(far.tx, far.bo, Audience.community(club), place_id=club)
    assert far.take(far.yan, inReplyTo=far.row(said).uri) is None


# Updates and deletes.


def update(far: Far, signer: int, document: dict[str, Any], **changes: Any) -> bool:
    note = parse_note(document | changes)
    return update_remote_post(far.tx, node=NODE, note=note, signer=far.actor(signer))


def test_O04_only_its_recorded_author_changes_a_post(far: Far) -> None:
    document = far.note(far.zoe)
    post = far.take(far.zoe, document)
    assert post is not None
    theirs = document | {"attributedTo": far.actor(far.yan).uri, "content": "<p>yan's</p>"}
    assert not update(far, far.yan, theirs)
    assert not update(far, far.yan, document, content="<p>yan's</p>")
    unknown = far.note(far.zoe)
    assert not update(far, far.zoe, unknown)
    assert far.row(post).content == "<p>words</p>"
    assert update(far, far.zoe, document, content="<p>better</p>")
    assert far.row(post).content == "<p>better</p>"
    assert far.tx.all(VERSIONS) == [("<p>words</p>",)]


def test_O09_an_update_never_changes_who_may_read(far: Far) -> None:
    followers = far.actor(far.zoe).followers
    document = far.note(far.zoe, to=[followers], cc=[])
    post = far.take(far.zoe, document)
    assert post is not None
    named = far.named(far.bo)
    wider = {"to": [PUBLIC, *named["to"]], "cc": [followers], "tag": named["tag"]}
    assert update(far, far.zoe, document, content="<p>open!</p>", **wider)
    row = far.row(post)
    assert row.content == "<p>open!</p>"
    assert row.audience == Audience.followers(far.zoe)
    for viewer in (ANONYMOUS, member(far.bo), guest(far.gina)):
        assert not far.sees(viewer, post)
    assert far.sees(member(far.ana), post)
    assert far.told(far.bo) == []


def test_an_update_of_a_public_post_may_name_somebody(far: Far) -> None:
    document = far.note(far.zoe)
    post = far.take(far.zoe, document)
    assert post is not None
    tags = far.named(far.bo)["tag"] + [{"type": "Hashtag", "name": "#Fair"}]
    assert update(far, far.zoe, document, content="<p>@bo #Fair</p>", tag=tags)
    view = visible(far.tx, post, ANONYMOUS)
    assert [actor.handle for actor in view.mentioned] == ["bo"]
    assert [tag.folded for tag in view.tags] == ["fair"]
    assert far.told(far.bo) == [(NotificationKind.MENTION, post)]


def test_updates_settle_to_the_newest_whatever_their_order(far: Far) -> None:
    document = far.note(far.zoe, published="2026-01-01T00:00:00Z")
    post = far.take(far.zoe, document)
    assert post is not None
    newer = {"content": "<p>2</p>", "updated": "2026-01-02T00:00:02Z"}
    older = {"content": "<p>1</p>", "updated": "2026-01-02T00:00:01Z"}
    assert update(far, far.zoe, document, **newer)
    assert not update(far, far.zoe, document, **older)
    assert not update(far, far.zoe, document, **newer)
    assert far.row(post).content == "<p>2</p>"


def test_sharers_here_are_told_of_an_update(far: Far) -> None:
    document = far.note(far.zoe)
    post = far.take(far.zoe, document)
    assert post is not None
    add_share(far.tx, far.bo, post)
    assert update(far, far.zoe, document, content="<p>better</p>")
    assert far.told(far.bo) == [(NotificationKind.EDIT, post)]


def delete(far: Far, uri: str, by: int) -> bool:
    return delete_remote_post(far.tx, node=NODE, uri=uri, by_uri=far.actor(by).uri)


def test_a_delete_is_the_author_s_and_final(far: Far) -> None:
    document = far.note(far.zoe)
    post = far.take(far.zoe, document)
    assert post is not None
    assert not delete(far, document["id"], far.yan)
    assert far.sees(ANONYMOUS, post)
    assert delete(far, document["id"], far.zoe)
    assert not far.sees(ANONYMOUS, post)
    assert not delete(far, document["id"], far.zoe) or not far.sees(ANONYMOUS, post)
    assert far.take(far.zoe, document) is None
    assert not update(far, far.zoe, document, content="<p>back</p>")


def test_a_create_after_its_delete_is_ignored(far: Far) -> None:
    document = far.note(far.zoe)
    assert not delete(far, document["id"], far.zoe)
    assert far.take(far.zoe, document) is None
    other = far.note(far.zoe)
    assert not delete(far, other["id"], far.yan)
    assert far.take(far.zoe, other) is not None


def test_nobody_deletes_ours_by_a_remote_delete(far: Far) -> None:
    mine = add_post(far.tx, far.ana, Audience.public())
    assert not delete(far, far.row(mine).uri, far.zoe)
    assert not delete(far, far.row(mine).uri, far.ana)
    assert far.sees(ANONYMOUS, mine)


def test_nothing_that_a_deleted_post_said_is_kept(far: Far) -> None:
    tag = {"type": "Emoji", "name": ":blob:", "icon": {"type": "Image", "url": f"{FAR}/b.png"}}
    document = far.note(far.zoe, type="Article", name="On bowls :blob:", content="", tag=[tag])
    post = far.take(far.zoe, document)
    assert post is not None
    assert (far.row(post).title, bool(far.row(post).emojis)) == ("On bowls :blob:", True)
    assert delete_remote_post(far.tx, node=NODE, uri=document["id"], by_uri=far.actor(far.zoe).uri)
    assert erasing.due(far.tx, far.tx.now, 10) == [post]
    erasing.erase(far.tx, [post])
    row = far.row(post)
    assert (row.title, row.content, row.emojis) == ("", "", b"")
    assert erasing.due(far.tx, far.tx.now, 10) == []


def test_an_edit_changes_the_title_and_keeps_the_one_before(far: Far) -> None:
    document = far.note(far.zoe, type="Page", name="First")
    post = far.taken(far.zoe, **document)
    changed = document | {"name": "Second", "updated": "2026-11-20T10:00:00Z"}
    update: dict[str, Any] = {"node": NODE, "signer": far.actor(far.zoe)}
    assert update_remote_post(far.tx, note=parse_note(changed), **update)
    assert far.row(post).title == "Second"
    assert [one.title for one in former_versions(far.tx, post, ANONYMOUS)] == ["First"]
    assert not update_remote_post(far.tx, note=parse_note(changed), **update)
