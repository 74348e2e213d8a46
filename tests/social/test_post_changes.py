"""Editing and deleting posts: who still reads them, who is told, what is left."""

import pytest

from domain.audience import ANONYMOUS, Audience
from domain.choices import Choice
from domain.errors import Invalid, NotFound
from domain.kinds import NotificationKind
from social.posts import Change, delete_post, edit_post
from storage.views.notifications import page as notification_page
from storage.views.paging import Page
from storage.views.posts import visible
from storage.views.versions import Version, former_versions
from tests.social.writers import HOMES, People, handles, people
from tests.support.factories import (
    NODE,
    add_follow,
    add_like,
    add_post,
    add_reply,
    add_share,
    member,
)

__all__ = ["people"]

pytestmark = pytest.mark.both


# Editing.


def change(people: People, author: int, post: int, **new: object) -> None:
    wish = Change(**new)  # type: ignore[arg-type]
    edit_post(people.tx, node=NODE, author_id=author, post_id=post, change=wish)


def test_an_edit_keeps_what_was_said_and_who_may_read(people: People) -> None:
    made = people.write(people.ana, "@bo first #old", visibility=Choice.DIRECT)
    before = people.row(made.post_id)
    people.tx.now += 1000
    change(people, people.ana, made.post_id, text="@bo @cy second #new", summary="careful")
    view = visible(people.tx, made.post_id, member(people.bo))
    after = view.row
    assert (after.audience, after.root_audience) == (before.audience, before.root_audience)
    assert (after.source, after.summary) == ("@bo @cy second #new", "careful")
    assert after.version > before.version
    assert after.edited_at == people.tx.now
    assert [tag.folded for tag in view.tags] == ["new"]
    assert former_versions(people.tx, made.post_id, member(people.ana)) == [
        Version(before.created_at, before.content, "", False)
    ]
    assert handles(view) == (["bo"], [])
    assert people.told(people.cy) == []
    with pytest.raises(NotFound):
        visible(people.tx, made.post_id, member(people.cy))


def test_who_is_no_longer_named_still_reads(people: People) -> None:
    made = people.write(people.ana, "@bo first", visibility=Choice.DIRECT)
    change(people, people.ana, made.post_id, text="second")
    assert handles(visible(people.tx, made.post_id, member(people.bo))) == ([], ["bo"])


def test_an_edit_may_name_other_readers(people: People) -> None:
    made = people.write(people.ana, "first")
    change(people, people.ana, made.post_id, text="@cy and @gina")
    assert handles(visible(people.tx, made.post_id, member(people.bo))) == (["cy"], [])
    assert people.told(people.cy) == [(NotificationKind.MENTION, made.post_id)]
    change(people, people.ana, made.post_id, text="@cy again")
    assert len(people.told(people.cy)) == 1


def test_sharers_are_told_of_edits(people: People) -> None:
    made = people.write(people.ana, "first")
    add_share(people.tx, people.bo, made.post_id)
    change(people, people.ana, made.post_id, text="second")
    assert people.told(people.bo) == [(NotificationKind.EDIT, made.post_id)]


def test_an_edit_that_changes_nothing_is_none(people: People) -> None:
    made = people.write(people.ana, "same")
    version = people.row(made.post_id).version
    change(people, people.ana, made.post_id, text="same", summary="")
    assert people.row(made.post_id).version == version
    assert former_versions(people.tx, made.post_id, member(people.ana)) == []


def test_only_the_author_edits_and_deletes(people: People) -> None:
    made = people.write(people.ana, "mine", visibility=Choice.WORLD)
    share = add_share(people.tx, people.bo, made.post_id)
    with pytest.raises(NotFound):
        change(people, people.bo, made.post_id, text="yours")
    with pytest.raises(NotFound):
        delete_post(people.tx, node=NODE, author_id=people.bo, post_id=made.post_id)
    with pytest.raises(NotFound):
        change(people, people.bo, share, text="mine")
    with pytest.raises(Invalid):
        change(people, people.ana, made.post_id, text="")
    assert people.row(made.post_id).source == "mine"


# Deleting.


def test_P13_a_deleted_post_is_gone_everywhere_at_once(people: People) -> None:
    add_follow(people.tx, people.bo, people.ana)
    made = people.write(people.ana, "@cy soon gone", visibility=Choice.WORLD)
    share = add_share(people.tx, people.bo, made.post_id)
    add_like(people.tx, people.cy, made.post_id)
    answer = add_reply(people.tx, people.cy, made.post_id)
    was = delete_post(people.tx, node=NODE, author_id=people.ana, post_id=made.post_id)
    assert was.row.source == "@cy soon gone"
    for viewer in (member(people.ana), member(people.bo), ANONYMOUS):
        for post in (made.post_id, share):
            with pytest.raises(NotFound):
                visible(people.tx, post, viewer)
    assert people.tx.all(HOMES, post_id=made.post_id) == []
    assert people.told(people.cy) == []
    assert notification_page(people.tx, member(people.cy), Page()) == []
    left = visible(people.tx, answer, member(people.bo))
    assert left.row.reply_to_id is None
    assert [document["type"] for document in people.sent()] == ["Create", "Delete"]
    with pytest.raises(NotFound):
        delete_post(people.tx, node=NODE, author_id=people.ana, post_id=made.post_id)


def test_deleting_a_share_leaves_the_post(people: People) -> None:
    post = add_post(people.tx, people.ana, Audience.public(), shares_count=1)
    share = add_share(people.tx, people.bo, post)
    delete_post(people.tx, node=NODE, author_id=people.bo, post_id=share)
    assert visible(people.tx, post, ANONYMOUS).row.shares_count == 0
    assert [document["type"] for document in people.sent()] == ["Undo"]
