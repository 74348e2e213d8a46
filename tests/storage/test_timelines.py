"""Timelines: marks, rights, blocks, what belongs where, and how homes are written."""

import pytest
from sqlalchemy import bindparam, select

from domain.audience import ANONYMOUS, Audience, Viewer
from domain.ids import HERE
from domain.kinds import FollowState, Role
from storage.queries import home_upkeep
from storage.queries import timelines as homes
from storage.tables.timelines import home_entries
from storage.tx import Tx
from storage.views import timelines
from storage.views.paging import Page
from storage.views.post_rows import LIKED, SHARED
from storage.views.threads import thread
from tests.support.factories import (
    FAR,
    add_block,
    add_community,
    add_follow,
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
    origin_of,
)

pytestmark = pytest.mark.both

HOME = select(home_entries.c.post_id).where(home_entries.c.actor_id == bindparam("actor_id"))


def home_of(tx: Tx, actor: int) -> set[int]:
    return {row[0] for row in tx.all(HOME, actor_id=actor)}


def ids(entries: list[timelines.Entry]) -> list[int]:
    return [entry.post_id for entry in entries]


def test_marks_follow_mastodon(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    made = [add_post(tx, ana) for _ in range(6)]

    def page(**marks: int) -> list[int]:
        found = timelines.local_page(tx, member(ana), Page(**{"limit": 2, **marks}))
        return [made.index(post) for post in ids(found)]

    assert page() == [5, 4]
    assert page(max_id=made[4]) == [3, 2]
    assert page(since_id=made[1]) == [5, 4]  # the newest: a gap may stay
    assert page(min_id=made[1]) == [3, 2]  # the nearest: no gap
    assert page(min_id=made[1], max_id=made[3]) == [2]
    assert page(min_id=made[1], since_id=made[4]) == [3, 2]
    assert page(since_id=made[3], max_id=made[5]) == [4]
    assert page(max_id=made[0]) == []
    assert page(min_id=made[5]) == []
    assert page(max_id=-5) == []
    assert page(max_id=2**80) == [5, 4]


def test_limits_are_clamped(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    for _ in range(45):
        add_post(tx, ana)
    assert len(timelines.local_page(tx, member(ana), Page(limit=1000))) == 40
    assert len(timelines.local_page(tx, member(ana), Page(limit=0))) == 1


def test_G11_local_and_public_show_what_the_viewer_may_read(tx: Tx) -> None:
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    far = add_remote(tx, "far")
    club = add_community(tx, "club")
    add_membership(tx, club, ana)
    world = add_post(tx, ana, Audience.public())
    network = add_post(tx, ana)
    node = add_post(tx, ana, Audience.node(HERE))
    add_post(tx, ana, Audience.followers(ana))
    add_post(tx, ana, Audience.community(club))
    add_post(tx, ana, Audience.direct())
    add_post(tx, ana, quiet=True)
    add_share(tx, gina, world)
    add_reply(tx, gina, world)
    own_thread = add_reply(tx, ana, world)
    foreign = add_post(tx, far, Audience.public(), origin_id=9, uri="https://far.example/1")
    page = Page()
    assert ids(timelines.local_page(tx, member(ana), page)) == [own_thread, node, network, world]
    assert ids(timelines.public_page(tx, member(ana), page))[0] == foreign
    assert ids(timelines.remote_page(tx, member(ana), page)) == [foreign]
    for viewer in (guest(gina), ANONYMOUS):
        assert ids(timelines.local_page(tx, viewer, page)) == [own_thread, world]
        assert ids(timelines.public_page(tx, viewer, page)) == [own_thread, world]
        assert ids(timelines.remote_page(tx, viewer, page)) == []


def test_an_account_s_page(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    add_follow(tx, bo, ana)
    first = add_post(tx, ana, tags=("lift",))
    private = add_post(tx, ana, Audience.followers(ana))
    secret = add_post(tx, ana, Audience.direct(), named=(cy,))
    other = add_post(tx, bo)
    reply = add_reply(tx, ana, other)
    share = add_share(tx, ana, other)

    def page(viewer: int, **options: object) -> list[int]:
        found = timelines.account_page(
            tx,
            member(viewer),
            Page(),
            author_id=ana,
            **options,  # type: ignore[arg-type]
        )
        return ids(found)

    assert page(ana) == [share, reply, secret, private, first]
    assert page(bo) == [share, reply, private, first]
    assert page(cy) == [share, reply, secret, first]
    assert page(cy, with_replies=False) == [share, secret, first]
    assert page(cy, with_shares=False) == [reply, secret, first]
    assert page(cy, tag="lift") == [first]
    assert page(cy, tag="never") == []


def test_G12_a_tag_used_inside_equals_one_never_used(tx: Tx) -> None:
    ana, gina = add_person(tx, "ana"), add_person(tx, "gina", role=Role.GUEST)
    inside = add_post(tx, ana, tags=("plan",))
    outside = add_post(tx, ana, Audience.public(), tags=("fair",))
    assert ids(timelines.tag_page(tx, member(ana), Page(), tag="plan")) == [inside]
    assert timelines.tag_page(tx, guest(gina), Page(), tag="plan") == []
    assert ids(timelines.tag_page(tx, ANONYMOUS, Page(), tag="fair", local=True)) == [outside]


def test_liked_posts_page_by_the_like(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    new, old = add_post(tx, bo), add_post(tx, bo)
    hidden = add_post(tx, bo, Audience.followers(bo))
    likes = [add_like(tx, ana, post) for post in (new, old, hidden)]
    found = timelines.liked_page(tx, member(ana), Page())
    assert ids(found) == [old, new]
    assert [entry.cursor for entry in found] == [likes[1], likes[0]]
    assert ids(timelines.liked_page(tx, member(ana), Page(max_id=likes[1]))) == [new]
    assert all(entry.own_marks == LIKED for entry in found)


def test_P11_blocks_hide_both_ways_authors_and_sharers(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    by_bo = add_post(tx, bo)
    by_cy = add_post(tx, cy)
    share = add_share(tx, cy, by_bo)
    for post, author in ((by_bo, bo), (by_cy, cy), (share, cy)):
        add_home_entry(tx, ana, post, author)
    assert ids(timelines.home_page(tx, member(ana), Page())) == [share, by_cy, by_bo]
    add_block(tx, bo, ana)
    assert ids(timelines.home_page(tx, member(ana), Page())) == [by_cy]
    add_block(tx, ana, cy)
    assert timelines.home_page(tx, member(ana), Page()) == []
    assert ids(timelines.local_page(tx, member(bo), Page())) == [by_cy, by_bo]


def test_entries_say_what_a_rendering_depends_on(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    post = add_post(tx, bo, version=7)
    share = add_share(tx, ana, post, version=3)
    add_home_entry(tx, ana, share, ana)
    add_like(tx, ana, post)
    (entry,) = timelines.home_page(tx, member(ana), Page())
    assert entry.keys == (
        timelines.Key(share, 3, 1, False),
        timelines.Key(post, 7, 1, False),
    )
    assert entry.own_marks == LIKED | SHARED
    reply = add_reply(tx, bo, post)
    (answer,) = timelines.account_page(tx, member(ana), Page(limit=1), author_id=bo)
    assert answer.keys == (timelines.Key(reply, 1, 1, True),)
    loaded = timelines.load_missing(tx, {reply, share}, member(ana))
    assert {view.id for view in loaded} == {reply, share}


def test_home_rows_are_a_hint_and_never_a_right(tx: Tx) -> None:
    """G35, in storage: what was written while one could read it is not shown afterwards."""
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    post = add_post(tx, bo, Audience.followers(bo))
    add_home_entry(tx, ana, post, bo)
    assert timelines.home(tx, member(ana), Page()) == []
    add_follow(tx, ana, bo)
    assert [view.id for view in timelines.home(tx, member(ana), Page())] == [post]


# Writing homes.


@pytest.fixture
def people(tx: Tx) -> dict[str, int]:
    made = {name: add_person(tx, name) for name in ("ana", "bo", "cy")}
    made["away"] = add_person(tx, "away", home_fresh_until=tx.now)
    made["asks"] = add_person(tx, "asks")
    made["gina"] = add_person(tx, "gina", role=Role.GUEST)
    for name in ("bo", "cy", "away", "gina"):
        add_follow(tx, made[name], made["ana"], shares=name != "cy")
    add_follow(tx, made["asks"], made["ana"], state=FollowState.PENDING)
    return made


def who_has(tx: Tx, people: dict[str, int], post: int) -> set[str]:
    return {name for name, actor in people.items() if post in home_of(tx, actor)}


def test_fan_out_writes_to_accepted_followers_with_fresh_homes_who_may_read(
    tx: Tx, people: dict[str, int]
) -> None:
    network = add_post(tx, people["ana"])
    private = add_post(tx, people["ana"], Audience.followers(people["ana"]))
    secret = add_post(tx, people["ana"], Audience.direct(), named=(people["cy"],))
    for post in (network, private, secret):
        homes.fan_out(tx, post)
        homes.fan_out(tx, post)  # a closure may run twice
    assert who_has(tx, people, network) == {"ana", "bo", "cy"}
    assert who_has(tx, people, private) == {"ana", "bo", "cy", "gina"}
    assert who_has(tx, people, secret) == {"ana", "cy"}


def test_shares_go_to_those_who_want_them(tx: Tx, people: dict[str, int]) -> None:
    dora = add_person(tx, "dora")
    add_block(tx, dora, people["bo"])
    plain = add_share(tx, people["ana"], add_post(tx, add_person(tx, "eve")))
    blocked = add_share(tx, people["ana"], add_post(tx, dora))
    for share in (plain, blocked):
        homes.fan_out(tx, share)
    assert who_has(tx, people, plain) == {"ana", "bo"}
    assert who_has(tx, people, blocked) == {"ana"}


def test_answers_reach_followers_of_both(tx: Tx, people: dict[str, int]) -> None:
    dora = add_person(tx, "dora")
    theirs = add_post(tx, dora)
    add_follow(tx, people["bo"], dora)
    to_dora = add_reply(tx, people["ana"], theirs)
    to_herself = add_reply(tx, people["ana"], to_dora)
    to_cy = add_reply(tx, people["ana"], add_post(tx, people["cy"]))
    unknown = add_post(tx, people["ana"], reply_to_uri="https://far.example/lost")
    for post in (to_dora, to_herself, to_cy, unknown):
        homes.fan_out(tx, post)
    assert who_has(tx, people, to_dora) == {"ana", "bo"}
    assert who_has(tx, people, to_herself) == {"ana", "bo", "cy"}
    assert who_has(tx, people, to_cy) == {"ana", "cy"}
    assert who_has(tx, people, unknown) == {"ana"}


def rebuilt(tx: Tx, viewer: Viewer) -> None:
    homes.rebuild(tx, viewer, homes.candidates(tx, viewer))


def test_a_rebuilt_home_is_what_would_have_been_written(tx: Tx, people: dict[str, int]) -> None:
    dora = add_person(tx, "dora")
    add_follow(tx, people["bo"], dora)
    theirs, cys = add_post(tx, dora), add_post(tx, people["cy"])
    made = [
        theirs,
        cys,
        add_post(tx, people["ana"]),
        add_post(tx, people["ana"], Audience.followers(people["ana"])),
        add_post(tx, people["ana"], Audience.direct(), named=(people["cy"],)),
        add_reply(tx, people["ana"], theirs),
        add_reply(tx, people["ana"], cys),
        add_share(tx, people["ana"], theirs),
        add_post(tx, people["bo"]),
        add_post(tx, people["cy"], Audience.followers(people["cy"])),
    ]
    for post in made:
        homes.fan_out(tx, post)
    for name in ("bo", "cy", "gina"):
        viewer = guest(people[name]) if name == "gina" else member(people[name])
        written = home_of(tx, people[name])
        rebuilt(tx, viewer)
        assert home_of(tx, people[name]) == written, name
    late = add_post(tx, people["ana"])
    rebuilt(tx, member(people["bo"]))
    assert late in home_of(tx, people["bo"])


def test_what_came_between_reading_and_writing_is_not_lost(tx: Tx, people: dict[str, int]) -> None:
    seen = add_post(tx, people["ana"])
    found = homes.candidates(tx, member(people["bo"]))
    assert found == [seen]
    late = add_post(tx, people["ana"])
    homes.rebuild(tx, member(people["bo"]), found)
    assert home_of(tx, people["bo"]) == {seen, late}


def test_following_brings_posts_and_unfollowing_takes_them_away(
    tx: Tx, people: dict[str, int]
) -> None:
    dora = add_person(tx, "dora")
    theirs = [add_post(tx, dora), add_post(tx, dora, Audience.followers(dora))]
    mine = add_post(tx, people["ana"])
    homes.fan_out(tx, mine)
    add_follow(tx, people["bo"], dora)
    homes.merge_author(tx, member(people["bo"]), dora)
    assert home_of(tx, people["bo"]) == {mine, *theirs}
    homes.drop_author(tx, people["bo"], dora)
    assert home_of(tx, people["bo"]) == {mine}


def test_a_deleted_post_and_its_shares_leave_every_home(tx: Tx, people: dict[str, int]) -> None:
    post, other = add_post(tx, people["cy"]), add_post(tx, people["ana"])
    share = add_share(tx, people["ana"], post)
    for each in (post, share, other):
        homes.fan_out(tx, each)
    homes.drop_post(tx, post)
    assert home_of(tx, people["bo"]) == {other}
    assert home_of(tx, people["cy"]) == {other}


def test_homes_are_trimmed_to_eight_hundred(tx: Tx) -> None:
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    for number in range(1, 811):
        add_home_entry(tx, ana, number, bo)
    add_home_entry(tx, bo, 1, bo)
    assert home_upkeep.too_long(tx) == [ana]
    home_upkeep.trim(tx, ana)
    home_upkeep.trim(tx, bo)
    assert home_of(tx, ana) == set(range(11, 811))
    assert home_of(tx, bo) == {1}


def test_homes_of_people_who_stay_away_are_dropped(tx: Tx) -> None:
    ana = add_person(tx, "ana")
    away = add_person(tx, "away", home_fresh_until=tx.now)
    for person in (ana, away):
        add_home_entry(tx, person, 1, ana)
    assert home_upkeep.drop_stale(tx) == 1
    assert home_of(tx, ana) == {1}
    assert homes.fresh_until(tx, away) == tx.now
    homes.set_fresh(tx, away, FAR)
    assert homes.fresh_until(tx, away) == FAR
    assert homes.fresh_until(tx, 4711) == 0


# Threads.


def test_a_thread_is_ordered_and_leaves_out_what_may_not_be_read(tx: Tx) -> None:
    ana, bo, cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
    root = add_post(tx, ana)
    middle = add_reply(tx, bo, root)
    asked = add_reply(tx, ana, middle)
    first = add_reply(tx, bo, asked)
    second = add_reply(tx, cy, asked)
    below_first = add_reply(tx, ana, first)
    secret = add_reply(tx, bo, asked, audience=Audience.direct(), named=(ana,))
    below_secret = add_reply(tx, ana, secret)
    add_reply(tx, cy, root)
    above, below, _, _ = thread(tx, asked, member(ana))
    assert [view.id for view in above] == [root, middle]
    assert [view.id for view in below] == [first, below_first, second, secret, below_secret]
    seen = thread(tx, asked, member(cy)).below
    assert [view.id for view in seen] == [first, below_first, second, below_secret]
    add_block(tx, cy, bo)
    above, below, _, _ = thread(tx, asked, member(cy))
    assert [view.id for view in above] == [root]
    assert [view.id for view in below] == [below_first, second, below_secret]


def test_a_remote_reader_sees_the_public_part_of_a_thread(tx: Tx) -> None:
    ana, zoe = add_person(tx, "ana"), add_remote(tx, "zoe")
    root = add_post(tx, ana, Audience.public())
    answer = add_reply(tx, ana, root)
    add_reply(tx, ana, root, audience=Audience.followers(ana))
    viewer = Viewer.remote(zoe, origin_of(tx, "https://far.example"))
    below = thread(tx, root, viewer).below
    assert [view.id for view in below] == [answer]


def test_pages_are_found_by_index(tx: Tx, database_kind: str) -> None:
    if database_kind != "sqlite":
        assert tx.dialect == "postgresql"  # its plans depend on statistics
        return
    from storage.dialects import SQLITE
    from storage.plans import plans_of

    lists = (timelines._HOME, timelines._LOCAL, timelines._ACCOUNT, timelines._TAG)
    for paged in (*lists, timelines._COMMUNITY, timelines._NOT_TAKEN_IN):
        plan = plans_of(SQLITE).get(paged.newest)
        values = dict.fromkeys(plan._names, 1)
        steps = tx._session.all("EXPLAIN QUERY PLAN " + plan.text, plan.values(values))
        assert not [step[3] for step in steps if "SCAN" in step[3]], paged
        assert not [step[3] for step in steps if "TEMP B-TREE" in step[3]], steps
