"""Posts of other servers, later: what an Update cannot do, and that a Delete is final."""

from typing import Any

import pytest
from sqlalchemy import select

from activitypub.parse.posts import parse_note
from domain.audience import ANONYMOUS, Audience
from domain.kinds import NotificationKind
from social.posts import delete_remote_post, update_remote_post
from storage.queries import erasing
from storage.tables.posts import post_versions
from storage.views.posts import visible
from storage.views.versions import former_versions
from tests.social.writers import FAR, Far, far
from tests.support.factories import NODE, add_post, add_share, guest, member
from tests.support.stranger import PUBLIC

__all__ = ["far"]

pytestmark = pytest.mark.both

VERSIONS = select(post_versions.c.content)


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
