"""Files of other servers' posts: which rows there are, and what is not asked for in vain."""

from typing import NoReturn

import pytest

from activitypub.parse.attachments import Attachment
from domain.audience import Audience
from social import copies
from storage.queries import files, posts
from storage.tx import Tx
from storage.views.posts import PostRow
from tests.support.factories import add_node, add_post, add_remote, origin_of

pytestmark = pytest.mark.both

FAR = "https://far.example"


def picture(name: str, alt: str = "") -> Attachment:
    return Attachment(url=f"{FAR}/{name}.png", type="Image", media_type="image/png", alt=alt)


@pytest.fixture
def row(tx: Tx) -> PostRow:
    """A post of another server, just stored."""
    add_node(tx)
    zoe = add_remote(tx, "zoe")
    public = Audience.public()
    found = posts.by_id(tx, add_post(tx, zoe, public, origin_id=origin_of(tx, FAR)))
    assert found is not None
    return found


def shown(tx: Tx, row: PostRow) -> list[tuple[str | None, str]]:
    return [(file.source, file.alt) for file in files.of_post(tx, row.id)]


@pytest.mark.parametrize("is_new", [True, False])
def test_a_first_time_stores_what_the_note_has(tx: Tx, row: PostRow, *, is_new: bool) -> None:
    attached = [picture("a", "first"), picture("b"), picture("a", "again")]
    assert not copies.take(tx, row=row, attachments=attached, is_new=is_new)
    assert shown(tx, row) == [(f"{FAR}/a.png", "again"), (f"{FAR}/b.png", "")]


def test_later_files_come_change_and_go(tx: Tx, row: PostRow) -> None:
    copies.take(tx, row=row, attachments=[picture("a"), picture("b"), picture("c")], is_new=True)
    kept = {file.source: file.id for file in files.of_post(tx, row.id)}
    copies.take(tx, row=row, attachments=[picture("d"), picture("b", "described")])
    assert shown(tx, row) == [(f"{FAR}/d.png", ""), (f"{FAR}/b.png", "described")]
    assert files.of_post(tx, row.id)[1].id == kept[f"{FAR}/b.png"]
    copies.take(tx, row=row, attachments=[])
    assert shown(tx, row) == []


def test_of_a_new_post_without_files_nothing_is_asked(
    tx: Tx, row: PostRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> NoReturn:
        raise AssertionError("asked")

    for name in ("of_post", "of_posts", "forget", "insert_file", "describe"):
        monkeypatch.setattr(files, name, asked)
    assert not copies.take(tx, row=row, attachments=[], is_new=True)


def test_nothing_is_forgotten_if_nothing_went(
    tx: Tx, row: PostRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies.take(tx, row=row, attachments=[picture("a")], is_new=True)
    forgotten: list[list[int]] = []
    monkeypatch.setattr(files, "forget", lambda _, ids: forgotten.append(list(ids)))
    copies.take(tx, row=row, attachments=[picture("a", "described")])
    assert forgotten == []
    copies.take(tx, row=row, attachments=[picture("b")])
    assert len(forgotten) == 1
    assert len(forgotten[0]) == 1
