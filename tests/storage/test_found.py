"""Searching posts and tags, trends, the directory: what each viewer finds, and what nobody does."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from domain.audience import ANONYMOUS, Audience, Viewer
from domain.kinds import Acceptance, Limit, MembershipState, Role
from domain.words import question
from social.indexing import _read, _store
from social.search import Narrowed, saying
from storage.queries import posts, words
from storage.tx import Tx
from storage.views import found_posts, found_tags, people, tags, trends
from storage.views.posts import load
from tests.support.factories import (
    NODE,
    add_block,
    add_community,
    add_follow,
    add_membership,
    add_node,
    add_person,
    add_post,
    add_remote,
    guest,
    member,
)

pytestmark = pytest.mark.both


def index(tx: Tx, *post_ids: int) -> None:
    """What the job does, for posts that factories made."""
    for post_id in post_ids:
        words.wait(tx, [post_id])
    _store(tx, _read(tx, 100))


Found = Callable[..., list[int]]


@pytest.fixture
def find(tx: Tx) -> Found:
    def search(viewer: Viewer, text: str, **options: int) -> list[int]:
        return found_posts.search(tx, viewer, question(text), **options)

    return search


def test_posts_are_found_by_all_their_words_the_newest_first(tx: Tx, find: Found) -> None:
    ana = add_person(tx, "ana")
    first = add_post(tx, ana, content="<p>Safe lifting with <b>Cranes</b></p>", summary="Größe")
    second = add_post(tx, ana, content="<p>Lifting heavy things safely</p>", title="Körbe")
    share = add_post(tx, ana, share_of_id=first, content="")
    index(tx, first, second)
    viewer = member(ana)
    assert find(viewer, "lifting ") == [second, first]
    assert find(viewer, "LIFTING crane") == [first], "the last word may be a beginning"
    assert find(viewer, "crane lifting ") == [], "the others may not"
    assert find(viewer, "grosse ") == find(viewer, "Größe ") == [first]
    assert find(viewer, "korb") == [second]
    assert find(viewer, "lifting -cranes ") == [second]
    assert find(viewer, "lifting ", limit=1) == [second]
    assert find(viewer, "lifting ", limit=1, offset=1) == [first]
    assert find(viewer, "lifting ", max_id=second) == [first]
    assert find(viewer, "lifting ", min_id=first) == [second]
    for nothing in ("", "  ", "-lifting", "from:me", "%", "nowhere"):
        assert find(viewer, nothing) == [], nothing
    assert share not in find(viewer, "lifting ")


def test_operators_narrow_a_search(tx: Tx, find: Found) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    plain = add_post(tx, ana, content="word", created_at=1_767_312_000_000)  # 2026-01-02
    german = add_post(tx, bo, content="word", language="de", sensitive=True)
    index(tx, plain, german)
    viewer = member(ana)
    assert find(viewer, "word ", author_id=bo) == [german]
    assert find(viewer, "language:de word ") == [german]
    assert find(viewer, "is:sensitive word ") == [german]
    assert find(viewer, "-is:sensitive word ") == [plain]
    assert find(viewer, "has:poll word ") == find(viewer, "has:media word ") == []
    assert find(viewer, "during:2026-01-02 word ") == [plain]
    assert find(viewer, "before:2026-01-02 word ") == []
    assert find(viewer, "after:2026-01-02 word ") == [german]


def test_G15_P04_only_what_the_viewer_may_read_is_found(tx: Tx, find: Found) -> None:
    add_node(tx)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    gina = add_person(tx, "gina", role=Role.GUEST)
    club = add_community(tx, "club")
    for one in (ana, gina):
        add_membership(tx, club, one)
    inside = add_post(tx, ana, Audience.community(club), content="canary", place_id=club)
    network = add_post(tx, ana, content="canary")
    direct = add_post(tx, ana, Audience.direct(), content="canary", named=(gina,))
    world = add_post(tx, ana, Audience.public(), content="canary")
    deleted = add_post(tx, ana, content="canary", deleted_at=tx.now)
    quiet = add_post(tx, ana, content="canary", quiet=True)
    index(tx, inside, network, direct, world, deleted, quiet)
    dora = add_person(tx, "dora", role=Role.GUEST)
    add_membership(tx, club, dora, state=MembershipState.REMOVED)
    late = add_person(tx, "late", role=Role.GUEST)
    add_membership(tx, club, late, until=tx.now)
    assert find(member(ana), "canary") == [quiet, world, direct, network, inside]
    assert find(member(bo), "canary") == [world, network]
    assert find(guest(gina), "canary") == [world, direct, inside]
    for outside in (ANONYMOUS, guest(dora), guest(late)):
        assert find(outside, "canary") == [world]
    add_block(tx, ana, bo)
    assert find(member(bo), "canary") == []


def test_people_elsewhere_say_whether_strangers_find_their_posts(tx: Tx, find: Found) -> None:
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    open_, shy = add_remote(tx, "open"), add_remote(tx, "shy", indexable=False)
    loud = add_remote(tx, "loud", limited=Limit.SILENCED)
    world = Audience.public()
    found = add_post(tx, open_, world, content="word", origin_id=2)
    hidden = add_post(tx, shy, world, content="word", origin_id=2)
    to_me = add_post(tx, shy, world, content="word", origin_id=2, named=(ana,))
    silenced = add_post(tx, loud, world, content="word", origin_id=2)
    index(tx, found, hidden, to_me, silenced)
    assert find(member(ana), "word") == [to_me, found]
    assert find(guest(gina), "word") == [], "what came here tells whom our people follow"
    add_follow(tx, ana, loud)
    assert find(member(ana), "word") == [silenced, to_me, found]


def test_an_edited_post_is_found_by_what_it_says_now(tx: Tx, find: Found) -> None:
    ana = add_person(tx, "ana")
    post = add_post(tx, ana, content="before")
    index(tx, post)
    words.wait(tx, [post])
    read_too_early = _read(tx, 100)
    values = {"source": None, "summary": "", "sensitive": False, "language": None}
    posts.edit(tx, post, content="after", edited_at=tx.now, **values)  # type: ignore[arg-type]
    assert find(member(ana), "before") == [], "at once"
    _store(tx, read_too_early)
    assert find(member(ana), "before") == [], "and not by somebody who read it meanwhile"
    _store(tx, _read(tx, 100))
    assert find(member(ana), "after") == [post]
    words.forget(tx, [post])
    assert find(member(ana), "after") == []


def test_G13_tags_are_found_by_their_beginning_among_what_one_may_read(tx: Tx) -> None:
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    add_post(tx, ana, tags=("Lernen", "Letter"))
    add_post(tx, ana, tags=("Lernen",))
    add_post(tx, ana, Audience.public(), tags=("learning",))
    add_post(tx, ana, Audience.direct(), tags=("leak",))
    add_post(tx, ana, quiet=True, tags=("lefty",))
    assert found_tags.search(tx, member(ana), "le", limit=20) == ["learning", "lernen", "letter"]
    assert found_tags.search(tx, member(ana), "le", limit=1, offset=1) == ["lernen"]
    assert found_tags.search(tx, member(ana), "ler", limit=20) == ["lernen"]
    assert found_tags.search(tx, guest(gina), "le", limit=20) == ["learning"]
    assert found_tags.search(tx, ANONYMOUS, "le", limit=20) == ["learning"]
    assert found_tags.search(tx, member(ana), "", limit=20) == []


def test_G13_a_tags_history_counts_what_the_viewer_may_read(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    gina = add_person(tx, "gina", role=Role.GUEST)
    for author in (ana, ana, bo):
        add_post(tx, author, tags=("safety",))
    add_post(tx, ana, Audience.public(), tags=("safety",))
    add_post(tx, ana, Audience.direct(), tags=("safety",))
    add_post(tx, ana, tags=("safety",), id=1 << 30)  # long ago
    seen = trends.history(tx, member(bo), ["safety", "unused"])
    assert [len(days) for days in seen.values()] == [7, 7]
    assert (seen["safety"][0].uses, seen["safety"][0].people) == (4, 2)
    assert not any(day.uses for day in seen["unused"] + seen["safety"][1:])
    for viewer in (guest(gina), ANONYMOUS):
        assert trends.history(tx, viewer, ["safety"])["safety"][0].uses == 1


def test_G14_trends_are_made_of_what_the_viewer_may_read(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    gina = add_person(tx, "gina", role=Role.GUEST)
    for author in (ana, bo):
        add_post(tx, author, tags=("safety",))
        add_post(tx, author, Audience.public(), tags=("world",))
        add_post(tx, author, Audience.direct(), tags=("secret",))
    add_post(tx, cy, tags=("safety",))
    for _ in range(5):
        add_post(tx, ana, tags=("alone",))
    liked = add_post(tx, ana, likes_count=3)
    shared = add_post(tx, ana, Audience.public(), shares_count=2)
    add_post(tx, ana, likes_count=1)
    add_post(tx, ana, Audience.followers(ana), likes_count=9)
    add_post(tx, ana, likes_count=9, sensitive=True)
    viewer = member(bo)
    assert trends.tags(tx, viewer, limit=10) == ["safety", "world"]
    assert trends.tags(tx, viewer, limit=10, offset=1) == ["world"]
    assert trends.post_ids(tx, viewer, limit=10) == [liked, shared]
    for outsider in (guest(gina), ANONYMOUS):
        assert trends.tags(tx, outsider, limit=10) == ["world"]
        assert trends.post_ids(tx, outsider, limit=10) == [shared]
    add_block(tx, bo, ana)
    assert trends.tags(tx, viewer, limit=10) == ["safety"], "bo and cy are left"
    assert trends.post_ids(tx, viewer, limit=10) == []


def test_pages_take_as_many_statements_for_twenty_posts_as_for_one(
    tx: Tx, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    made = [
        add_post(tx, bo, content=f"word {n}", likes_count=3, tags=("a", "b")) for n in range(20)
    ]
    add_post(tx, ana, tags=("a", "b"))
    index(tx, *made)
    count = 0
    ask = Tx.all

    def counted(self: Tx, statement: Any, /, **params: Any) -> Any:
        nonlocal count
        count += 1
        return ask(self, statement, **params)

    monkeypatch.setattr(Tx, "all", counted)
    viewer = member(ana)

    def cost(limit: int) -> list[int]:
        spent = [count]
        assert len(saying(tx, viewer, "word", node=NODE, narrowed=Narrowed(limit=limit))) == limit
        spent.append(count)
        assert len(load(tx, trends.post_ids(tx, viewer, limit=limit), viewer)) == limit
        spent.append(count)
        assert len(tags.load(tx, viewer, trends.tags(tx, viewer, limit=limit))) == min(limit, 2)
        spent.append(count)
        return [after - before for before, after in pairwise(spent)]

    assert cost(1) == cost(20)


def test_G14_what_waits_at_a_community_counts_for_its_author_alone(tx: Tx) -> None:
    add_node(tx)
    ana, bo = add_person(tx, "ana", public=True), add_person(tx, "bo")
    for acceptance in (Acceptance.WAITING, Acceptance.REFUSED):
        add_post(tx, ana, Audience.public(), acceptance=acceptance, tags=("Lift",))
    for viewer in (ANONYMOUS, member(bo)):
        assert trends.figures(tx, viewer, ana, ["lift"])["lift"].posts == 0
    assert trends.figures(tx, member(ana), ana, ["lift"])["lift"].posts == 2
    add_post(tx, ana, Audience.public(), tags=("Lift",))
    assert trends.figures(tx, ANONYMOUS, ana, ["lift"])["lift"].posts == 1


def test_past_the_deepest_page_of_a_search_is_nothing(
    tx: Tx, find: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add_person(tx, "ana")
    index(tx, *(add_post(tx, ana, content="same") for _ in range(3)))
    monkeypatch.setattr(found_posts, "DEEPEST", 1)
    assert [len(find(member(ana), "same ", offset=place)) for place in (0, 1, 2)] == [3, 2, 0]
    monkeypatch.setattr(people, "DEEPEST", 1)
    for number in range(3):
        add_person(tx, f"same{number}")
    found = [people.search(tx, member(ana), "same", limit=9, offset=place) for place in (0, 1, 2)]
    assert [len(page) for page in found] == [3, 2, 0]


@pytest.mark.parametrize(
    "asked", ["canary ", "can", "canary bird ", "canary bir", "bird -nothing "]
)
def test_G15_a_guest_finds_what_is_hers_by_every_audience(tx: Tx, find: Found, asked: str) -> None:
    add_node(tx)
    ana, rosa = add_person(tx, "ana"), add_remote(tx, "rosa")
    gina = add_person(tx, "gina", role=Role.GUEST)
    club, other = add_community(tx, "club"), add_community(tx, "other")
    add_membership(tx, club, gina)
    add_follow(tx, gina, rosa)
    audiences = (
        Audience.public(),
        Audience.community(club),
        Audience.followers(rosa),
        Audience.followers(gina),
        Audience.direct(),
    )
    hers = [
        add_post(tx, who, audience, content="canary bird", named=(gina,) if who == ana else ())
        for audience, who in zip(audiences, (ana, ana, rosa, gina, ana), strict=True)
    ]
    others = [
        add_post(tx, who, audience, content="canary bird")
        for audience, who in (
            (Audience.network(1), ana),
            (Audience.node(1), ana),
            (Audience.community(other), ana),
            (Audience.followers(ana), ana),
            (Audience.direct(), ana),
        )
    ]
    index(tx, *hers, *others)
    assert find(guest(gina), asked) == hers[::-1]
    assert find(ANONYMOUS, asked) == hers[:1]
