"""Pages to which people link: who talks about one, for whom, and what is forgotten again."""

from typing import Any

import pytest
from sqlalchemy import select

from domain.audience import ANONYMOUS, Audience
from domain.ids import HERE
from domain.kinds import MembershipState, Role
from social import link_previews as use
from storage.queries import erasing, link_previews, posts, purging
from storage.tables.jobs import jobs
from storage.tables.link_previews import link_previews as previews
from storage.tx import Tx
from storage.views.link_previews import link_page, trending
from storage.views.paging import Page
from storage.views.posts import load, visible
from tests.support.factories import (
    add_community,
    add_membership,
    add_person,
    add_post,
    add_remote,
    guest,
    member,
    origin_of,
)

PAPER, OTHER = "https://paper.example/", "https://other.example/"
NETWORK = Audience.network(HERE)


def known(tx: Tx, url: str, audience: Audience = NETWORK, *, title: str = "A page") -> int:
    """A page that was looked at for this audience; its preview's id."""
    row = link_previews.of(tx, url, audience)
    said = dict.fromkeys(link_previews.SAID, "") | {"width": 0, "height": 0, "published_at": None}
    link_previews.came(tx, row.id, said | {"title": title, "image": f"{url}1.png"})
    return row.id


URLS = select(previews.c.url)


def linking(tx: Tx, author: int, url: str, audience: Audience = NETWORK, **more: object) -> int:
    link_id = known(tx, url, audience)
    return add_post(tx, author, audience, link_id=link_id, **more)  # type: ignore[arg-type]


@pytest.mark.both
def test_what_several_people_link_to_is_talked_about_as_far_as_one_may_read(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    gina = add_person(tx, "gina", role=Role.GUEST)
    for author in (ana, bo, cy):
        linking(tx, author, PAPER)
    for author in (ana, bo):
        linking(tx, author, OTHER, Audience.public())
    linking(tx, ana, "https://mine.example/")
    found = trending(tx, member(ana), limit=10)
    assert [each.preview.url for each in found] == [PAPER, OTHER]
    assert [(day.uses, day.people) for day in found[0].days] == [(3, 3)] + [(0, 0)] * 6
    assert [each.preview.url for each in trending(tx, member(ana), limit=1, offset=1)] == [OTHER]
    for outsider in (guest(gina), ANONYMOUS):
        assert [each.preview.url for each in trending(tx, outsider, limit=10)] == [OTHER]
        assert link_page(tx, outsider, Page(), url=PAPER) == []
    assert len(link_page(tx, member(bo), Page(), url=PAPER)) == 3


def test_forty_posts_with_links_take_as_many_statements_as_one(
    tx: Tx, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = add_person(tx, "ana")
    made = [linking(tx, ana, f"https://paper.example/{number}") for number in range(40)]
    counted: list[int] = []
    real = Tx._rows

    def rows(self: Tx, fetch: object, statement: object, params: object) -> object:
        counted.append(1)
        return real(self, fetch, statement, params)  # type: ignore[arg-type]

    monkeypatch.setattr(Tx, "_rows", rows)
    costs = []
    for some in (made[:1], made):
        counted.clear()
        shown = load(tx, some, member(ana))
        costs.append(len(counted))
        assert all(post.link is not None and post.link.says_something for post in shown)
    assert costs[0] == costs[1]


def test_rows_of_one_address_are_one_for_each_audience(tx: Tx) -> None:
    club = Audience.community(add_community(tx, "club"))
    ids = {link_previews.of(tx, PAPER, audience).id for audience in (NETWORK, club, NETWORK)}
    assert len(ids) == 2


def test_what_nobody_links_to_any_more_is_forgotten(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    first, second = linking(tx, ana, PAPER), linking(tx, ana, OTHER)
    posts.mark_deleted(tx, first)
    assert link_previews.unused(tx, tx.now, 10) == []
    erasing.erase(tx, [first])
    unused = link_previews.unused(tx, tx.now, 10)
    assert len(unused) == 1
    link_previews.forget(tx, unused)
    assert tx.all(URLS) == [(OTHER,)]
    assert visible(tx, second, member(ana)).link is not None


def test_what_somebody_links_to_meanwhile_is_not_forgotten(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    link_id = known(tx, PAPER)
    unused = link_previews.unused(tx, tx.now, 10)
    assert unused == [link_id]
    add_post(tx, ana, NETWORK, link_id=link_id)
    link_previews.forget(tx, unused)
    assert link_previews.by_id(tx, link_id) is not None


def test_a_page_that_was_looked_at_changes_the_newest_posts_alone(
    tx: Tx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_previews, "MOST_TOUCHED", 2)
    ana = add_person(tx, "ana")
    made = [linking(tx, ana, PAPER) for _ in range(3)]
    row = posts.by_id(tx, made[0])
    assert row is not None
    assert row.link_id is not None
    link_previews.touch(tx, row.link_id)
    rows = [posts.by_id(tx, each) for each in made]
    assert [each.version for each in rows if each is not None] == [1, 2, 2]


def test_G24_outsiders_look_among_the_links_of_the_world_alone(tx: Tx) -> None:
    """Not among others, to find that they may read none: that would take its time."""
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    add_post(tx, ana, Audience.public(), link_id=known(tx, PAPER, NETWORK))
    open_one = linking(tx, ana, PAPER, Audience.public())
    for outsider in (guest(gina), ANONYMOUS):
        assert [each.post_id for each in link_page(tx, outsider, Page(), url=PAPER)] == [open_one]
    assert len(link_page(tx, member(ana), Page(), url=PAPER)) == 2


def test_a_purge_forgets_what_was_linked_in_the_community(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    club = add_community(tx, "club")
    add_membership(tx, club, ana, state=MembershipState.ACTIVE)
    mine = linking(tx, ana, PAPER, Audience.community(club), place_id=club)
    linking(tx, ana, OTHER)
    purging.forget_rest(tx, club)
    assert visible(tx, mine, member(ana)).link is None
    assert tx.all(URLS) == [(OTHER,)]


def test_a_page_is_looked_at_again_after_a_while_and_left_alone_after_a_failure(tx: Tx) -> None:
    row = link_previews.of(tx, PAPER, NETWORK)
    assert use._is_due(row, tx.now)
    link_previews.failed(tx, row.id)
    failed = link_previews.by_id(tx, row.id)
    assert failed is not None
    assert not use._is_due(failed, tx.now)
    assert use._is_due(failed, tx.now + use.REST_MS + 1)
    known(tx, PAPER)
    fresh = link_previews.by_id(tx, row.id)
    assert fresh is not None
    assert not use._is_due(fresh, tx.now + use.REST_MS + 1)
    assert use._is_due(fresh, tx.now + use.FRESH_MS + 1)


def test_who_looks_at_a_page_and_who_does_not(tx: Tx) -> None:
    """Not for few, not for who lives elsewhere unless all the world may read it, not for guests."""
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    zoe, club = add_remote(tx, "zoe"), Audience.community(add_community(tx, "club"))
    content = f'<p><a class="mention" href="https://x.example/">@x</a> <a href="{PAPER}">p</a></p>'
    few = (Audience.followers(ana), Audience.direct())

    def shows(author: int, audience: Audience, **more: object) -> bool:
        made = add_post(tx, author, audience, content=content, **more)  # type: ignore[arg-type]
        row = posts.by_id(tx, made)
        assert row is not None
        return use.with_link(tx, row).link_id is not None

    for audience in (Audience.public(), NETWORK, Audience.node(HERE), club):
        assert shows(ana, audience)
    assert not any(shows(ana, audience) for audience in few)
    there = {"origin_id": origin_of(tx, "https://far.example")}
    assert shows(zoe, Audience.public(), **there)
    assert not any(shows(zoe, each, **there) for each in (NETWORK, club, *few))
    looks = tx.all(select(jobs.c.run_at).where(jobs.c.kind == use.LOOK))
    assert len(looks) == 4, "the public page is looked at once, by whoever linked first"
    assert shows(gina, Audience.community(add_community(tx, "other")))
    assert len(tx.all(select(jobs.c.run_at).where(jobs.c.kind == use.LOOK))) == 4


def test_the_page_of_another_server_waits_a_little(tx: Tx) -> None:
    zoe = add_remote(tx, "zoe")
    there: dict[str, Any] = {
        "origin_id": origin_of(tx, "https://far.example"),
        "content": f'<p><a href="{PAPER}">p</a></p>',
    }
    row = posts.by_id(tx, add_post(tx, zoe, Audience.public(), **there))
    assert row is not None
    use.with_link(tx, row)
    ((run_at, about),) = tx.all(select(jobs.c.run_at, jobs.c.about).where(jobs.c.kind == use.LOOK))
    assert tx.now <= run_at < tx.now + use.SPREAD_MS
    assert about is None
