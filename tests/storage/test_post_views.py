"""Posts are loaded for a viewer, whole, and in a number of statements that does not grow."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.audience import ANONYMOUS, Audience, Viewer
from domain.errors import NotFound
from domain.ids import HERE
from domain.kinds import Role
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views import timelines
from storage.views.actors import ActorView
from storage.views.paging import Page
from storage.views.posts import COLUMNS, PostRow, for_delivery, load, visible
from tests.support.factories import (
    add_community,
    add_home_entry,
    add_like,
    add_membership,
    add_person,
    add_post,
    add_remote,
    add_reply,
    add_share,
    guest,
    member,
)


@dataclass
class Counting:
    """A Tx that counts its statements; it passes everything on."""

    tx: Tx
    statements: list[Any] = field(default_factory=list)

    @property
    def now(self) -> int:
        return self.tx.now

    def all(self, statement: Any, **params: Any) -> list[Any]:
        self.statements.append(statement)
        return self.tx.all(statement, **params)

    def first(self, statement: Any, **params: Any) -> Any:
        self.statements.append(statement)
        return self.tx.first(statement, **params)


def names(people: tuple[ActorView, ...]) -> list[str]:
    return [actor.handle for actor in people]


def test_a_post_row_is_the_table_s_row() -> None:
    assert list(PostRow.__struct_fields__) == [column.name for column in posts.c]
    assert len(COLUMNS) == len(PostRow.__struct_fields__)


@pytest.mark.both
def test_a_post_comes_with_its_neighbourhood(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    question = add_post(tx, bo)
    answer = add_reply(
        tx, ana, question, named=(bo, cy), silent=(cy,), tags=("Öffnen", "safety"), quiet=True
    )
    add_like(tx, bo, answer)
    share = add_share(tx, bo, answer)
    view = visible(tx, answer, member(bo))
    assert view.author.handle == "ana"
    assert names(view.mentioned) == ["bo"]
    assert names(view.silent) == ["cy"]
    assert [(tag.folded, tag.name) for tag in view.tags] == [
        ("safety", "safety"),
        ("öffnen", "Öffnen"),
    ]
    assert view.row.reply_to_id == question
    assert view.parent_uri == visible(tx, question, member(bo)).row.uri
    assert (view.flags.liked, view.flags.shared) == (True, True)
    assert not visible(tx, answer, member(ana)).flags.liked
    shared = visible(tx, share, member(ana))
    assert shared.shared_post is not None
    assert shared.shown.id == answer
    assert shared.row.is_local


@pytest.mark.both
def test_what_may_not_be_read_is_not_there_and_order_is_kept(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    visitor = add_person(tx, "gina", role=Role.GUEST)
    first = add_post(tx, ana, Audience.public())
    inside = add_post(tx, ana)
    last = add_post(tx, ana, Audience.public())
    gone = add_post(tx, ana, Audience.public(), deleted_at=tx.now)
    wanted = [last, inside, gone, first, 12345]
    assert [view.id for view in load(tx, wanted, member(ana))] == [last, inside, first]
    assert [view.id for view in load(tx, wanted, guest(visitor))] == [last, first]
    assert [view.id for view in load(tx, wanted, ANONYMOUS)] == [last, first]


@pytest.mark.both
def test_G17_not_allowed_deleted_and_unknown_are_one_answer(tx: Tx) -> None:
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    inside = add_post(tx, ana)
    gone = add_post(tx, ana, Audience.public(), deleted_at=tx.now)
    for post in (inside, gone, 999):
        with pytest.raises(NotFound) as refusal:
            visible(tx, post, guest(gina))
        assert refusal.value.message == "Record not found"
    assert visible(tx, inside, member(ana)).id == inside


@pytest.mark.both
def test_G17_a_parent_that_may_not_be_read_leaves_no_trace_in_its_answer(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    root = add_post(tx, ana)
    aside = add_reply(tx, bo, root, audience=Audience.direct(), named=(ana,))
    answer = add_reply(tx, ana, aside)
    for viewer in (member(ana), member(bo)):
        view = visible(tx, answer, viewer)
        assert (view.row.reply_to_id, view.row.reply_to_author_id) == (aside, bo)
        assert view.parent_uri is not None
    stranger = visible(tx, answer, member(cy))
    assert (stranger.row.reply_to_id, stranger.row.reply_to_author_id) == (None, None)
    assert stranger.parent_uri is None
    assert for_delivery(tx, answer).row.reply_to_id == aside


@pytest.mark.both
def test_a_guest_reads_the_community_and_nothing_else(tx: Tx) -> None:
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    club = add_community(tx, "club")
    add_membership(tx, club, gina)
    inside = add_post(tx, ana, Audience.community(club))
    other = add_post(tx, ana, Audience.node(HERE))
    assert [view.id for view in load(tx, [inside, other], guest(gina))] == [inside]


@pytest.mark.both
def test_one_post_and_forty_mixed_posts_cost_the_same_statements(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    far = [add_remote(tx, f"far{n}", f"https://n{n}.example") for n in range(2)]
    public = Audience.public()
    single = add_post(tx, ana, public)
    mixed: list[int] = []
    for number in range(10):
        post = add_post(tx, ana, public, named=(bo,), tags=(f"tag{number}",))
        foreign = add_post(
            tx,
            far[number % 2],
            public,
            origin_id=2 + number % 2,
            uri=f"https://n{number % 2}.example/o/{number}",
        )
        mixed += [post, foreign, add_reply(tx, bo, post, named=(ana,)), add_share(tx, bo, foreign)]
    for post in (single, *mixed):
        add_home_entry(tx, ana, post, bo)

    def cost(limit: int, below: int | None = None) -> tuple[int, int]:
        counting = Counting(tx)
        page = Page(max_id=below, limit=limit)
        found = timelines.home(counting, member(ana), page)  # type: ignore[arg-type]
        return len(found), len(counting.statements)

    assert cost(40) == (40, 7)
    assert cost(1) == (1, 7)
    assert cost(1, below=single + 1) == (1, 7)


@pytest.mark.both
def test_for_delivery_knows_no_viewer_and_gives_deleted_posts_too(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    note = add_post(tx, ana, Audience.direct(), named=(bo,), deleted_at=tx.now)
    view = for_delivery(tx, note)
    assert names(view.mentioned) == ["bo"]
    assert view.row.deleted_at == tx.now
    with pytest.raises(NotFound):
        visible(tx, note, member(bo))
    with pytest.raises(NotFound):
        for_delivery(tx, 4711)


@pytest.mark.both
def test_P02_a_remote_reader_gets_what_its_signer_may_read(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    zoe = add_remote(tx, "zoe")
    named = add_post(tx, ana, Audience.direct(), named=(zoe,))
    other = add_post(tx, ana, Audience.followers(ana))
    origin = visible(tx, named, member(ana)).mentioned[0].origin_id
    viewer = Viewer.remote(zoe, origin)
    assert visible(tx, named, viewer).id == named
    with pytest.raises(NotFound):
        visible(tx, other, viewer)
    with pytest.raises(NotFound):
        visible(tx, named, Viewer.node(origin))
