"""Plain posts that are stored together come to the same as each by itself."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import delete, select

from activitypub.parse.posts import NoteDocument, parse_note
from domain.audience import Audience
from domain.kinds import ActorType, FollowState, Limit
from social import arrivals
from social.arrivals import MOST_BESIDE, Arrival, may_be_plain, plain_among, store
from storage.connect import open_session
from storage.database import now_ms
from storage.queries import actors, followed_tags, follows, ids, posts, quotes
from storage.queries import timelines as homes
from storage.tables.timelines import home_entries
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.arriving import PLAIN, SPECIAL, Post
from tests.inbox.both_ways import Way, both_ways
from tests.inbox.town import KNOWN, Town, a_quote
from tests.support.factories import (
    NODE,
    add_actor,
    add_community,
    add_follow,
    add_node,
    add_person,
    add_post,
    add_remote,
)
from tests.support.stranger import PUBLIC

pytestmark = pytest.mark.both


def test_what_is_stored_together_is_what_is_stored_one_by_one(database_url: str) -> None:
    session = open_session(database_url, writable=True)
    gone = Counter[str]()

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def holds(number: int) -> None:
        different, came = both_ways(session, number)
        assert different == [], number
        (special, was_together) = came[-1]
        assert was_together is (list(SPECIAL)[number % len(SPECIAL)] in PLAIN), special.labels
        gone.update("together" if is_stored else "alone" for _, is_stored in came)

    for number in range(len(SPECIAL)):  # each kind once at least
        holds = example(number)(holds)
    try:
        holds()
    finally:
        session.close()
    assert min(gone["together"], gone["alone"]) > 100


def test_what_nobody_honest_writes_is_stored_the_same_both_ways(database_url: str) -> None:
    session = open_session(database_url, writable=True)
    gone = Counter[bool]()

    @settings(max_examples=50, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def holds(number: int) -> None:
        different, came = both_ways(session, number, spoilt=True)
        assert different == [], number
        gone.update(is_stored for _, is_stored in came)

    try:
        holds()
    finally:
        session.close()
    assert gone[True] > 50


_HOMES = select(home_entries.c.actor_id, home_entries.c.post_id, home_entries.c.author_id)
_EMPTY = delete(home_entries)


def test_homes_are_written_as_the_rules_for_all_posts_say(database_url: str) -> None:
    session, lines = open_session(database_url, writable=True), 0

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def holds(number: int) -> None:
        nonlocal lines
        random, now = Random(number), now_ms()
        session.begin()
        try:
            post = Post(Town(Tx(session, now), random), random, now)
            signed = [each.signed for each in post.coming(12)]
            Way(session, now).together(signed)
            tx = Tx(session, now)
            written = set(tx.all(_HOMES))
            tx.change(_EMPTY)
            for one in signed:
                row = posts.by_uri(tx, one.activity.object_id or "")
                if row is not None and row.uri != KNOWN:
                    homes.fan_out(tx, row.id)
            assert set(tx.all(_HOMES)) == written
            lines += len(written)
        finally:
            session.rollback()

    try:
        holds()
    finally:
        session.close()
    assert lines > 50


class Few:
    """Zoe elsewhere, whom Ana here follows, and Yan beside her, whom nobody does."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        add_node(tx)
        self.ana, self.bo = add_person(tx, "ana"), add_person(tx, "bo")
        self.zoe, self.yan = (self.view(add_remote(tx, name)) for name in ("zoe", "yan"))
        add_follow(tx, self.ana, self.zoe.id)
        self.number = 0

    def view(self, actor_id: int) -> ActorView:
        found = actors.by_id(self.tx, actor_id)
        assert found is not None
        return found

    def note(self, by: ActorView | None = None, **said: Any) -> NoteDocument:
        author = by or self.zoe
        self.number += 1
        document = {
            "id": f"https://{author.domain}/o/{self.number}",
            "type": "Note",
            "attributedTo": author.uri,
            "content": "<p>words</p>",
            "to": [PUBLIC],
        }
        return parse_note(document | said)

    def are_plain(self, *arrivals: tuple[NoteDocument, ActorView]) -> list[bool]:
        coming = [Arrival(note, signer, self.tx.now) for note, signer in arrivals]
        return [each is not None for each in plain_among(self.tx, NODE, coming)]

    def is_plain(self, by: ActorView | None = None, /, **said: Any) -> bool:
        author = by or self.zoe
        (answer,) = self.are_plain((self.note(author, **said), author))
        return answer


@pytest.fixture
def few(tx: Tx) -> Few:
    return Few(tx)


# What a post says of itself.


@pytest.mark.parametrize("spelling", [PUBLIC, "as:Public", "Public"])
@pytest.mark.parametrize("where", ["to", "cc"])
def test_what_is_said_to_the_world_may_be_plain(few: Few, spelling: str, where: str) -> None:
    said: dict[str, Any] = {"to": [], where: [spelling]}
    assert may_be_plain(few.note(**said), few.zoe)


def test_a_program_may_write_plain_posts(few: Few) -> None:
    assert may_be_plain(few.note(), replace(few.zoe, type=ActorType.SERVICE))


@pytest.mark.parametrize(
    "said",
    [
        {"inReplyTo": "https://far.example/o/x"},
        {"quote": "https://far.example/o/x"},
        {"quoteUrl": "https://far.example/o/x"},
        {"audience": "https://far.example/g/x"},
        {"to": ["https://far.example/a/x"]},
        {"to": []},
    ],
    ids=str,
)
def test_what_says_more_is_not_plain(few: Few, said: dict[str, Any]) -> None:
    assert not may_be_plain(few.note(**said), few.zoe)


@pytest.mark.parametrize("room", [0, 1, 2])
def test_what_tags_bring_into_homes_is_bounded(
    few: Few, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(arrivals, "MOST_BY_TAG", room)
    followed_tags.add(few.tx, few.ana, "learning")
    tagged = [few.note(tag={"type": "Hashtag", "name": "#Learning"}) for _ in range(3)]
    untagged = few.note()
    plain = few.are_plain(*((note, few.zoe) for note in (*tagged, untagged)))
    assert plain == [number < room for number in range(3)] + [True]


@pytest.mark.parametrize("room", [0, 1, 2])
def test_the_bells_of_a_unit_are_bounded(
    few: Few, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(arrivals, "MOST_TOLD", room)
    assert few.are_plain(*((few.note(), few.zoe) for _ in range(3))) == [True] * 3
    follows.set_wishes(few.tx, few.ana, few.zoe.id, shares=True, notify=True, languages="")
    assert few.are_plain(*((few.note(), few.zoe) for _ in range(3))) == [
        number < room for number in range(3)
    ]


def test_an_id_that_is_taken_is_drawn_again(few: Few, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends a post chooses its second: it makes no unit fail for the others in it."""
    drawn = iter([7, 7, 7, 8, 7, 9])
    monkeypatch.setattr(ids, "random_bits", lambda _: next(drawn))
    coming = [
        Arrival(few.note(published="2026-11-01T10:00:00Z"), few.zoe, few.tx.now) for _ in range(3)
    ]
    plain = [each for each in plain_among(few.tx, NODE, coming) if each is not None]
    assert len(plain) == 3
    store(few.tx, plain)
    stored = [posts.by_uri(few.tx, each.note.id) for each in coming]
    assert sorted(row.id & 0xFFFF for row in stored if row is not None) == [7, 8, 9]


@pytest.mark.parametrize("beside", [MOST_BESIDE - 1, MOST_BESIDE])
def test_what_names_or_tags_very_much_is_not_plain(few: Few, beside: int) -> None:
    """Beside the world, to whom it is addressed as well."""
    names = [f"https://far.example/a/{number}" for number in range(10)]
    tags = [{"type": "Hashtag", "name": f"#t{number}"} for number in range(beside - 20)]
    mentions = [{"type": "Mention", "href": uri, "name": "@x"} for uri in names]
    note = few.note(cc=names, tag=[*mentions, *tags])
    assert len(note.to) + len(note.cc) + len(note.mentions) + len(note.hashtags) == beside + 1
    assert may_be_plain(note, few.zoe) is (beside < MOST_BESIDE)


def test_what_a_group_says_is_not_plain(few: Few) -> None:
    assert not may_be_plain(few.note(), replace(few.zoe, type=ActorType.GROUP))


# Whether it concerns anybody.


def test_what_somebody_followed_says_is_plain(few: Few) -> None:
    assert few.is_plain()
    assert not few.is_plain(few.yan)


def test_who_is_not_accepted_yet_follows_nobody(few: Few) -> None:
    add_follow(few.tx, few.ana, few.yan.id, state=FollowState.PENDING)
    assert not few.is_plain(few.yan)


def test_followers_elsewhere_are_nobody_here(few: Few) -> None:
    add_follow(few.tx, add_remote(few.tx, "rem"), few.yan.id)
    assert not few.is_plain(few.yan)


@pytest.mark.parametrize("how", ["to", "cc", "tag"])
def test_what_names_somebody_here_is_plain(few: Few, how: str) -> None:
    uri = few.view(few.bo).uri
    named = {"tag": [{"type": "Mention", "href": uri}]} if how == "tag" else {"cc": [uri]}
    said = {"to": [PUBLIC, uri]} if how == "to" else named
    assert few.is_plain(few.yan, **said)


def test_a_program_here_is_somebody(few: Few) -> None:
    program = few.view(add_actor(few.tx, "program", type=ActorType.SERVICE))
    assert few.is_plain(few.yan, cc=[program.uri])


@pytest.mark.parametrize("who", ["unknown", "elsewhere", "the author"])
def test_what_names_nobody_here_is_not_plain(few: Few, who: str) -> None:
    rem = few.view(add_remote(few.tx, "rem")).uri
    uri = {"unknown": f"{NODE.origin}/a/1", "elsewhere": rem, "the author": few.yan.uri}[who]
    assert not few.is_plain(few.yan, cc=[uri], tag=[{"type": "Mention", "href": uri}])


@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize("how", ["cc", "tag"])
def test_what_names_a_community_is_not_plain(few: Few, where: str, how: str) -> None:
    made = add_community(few.tx, "circle") if where == "here" else 0
    group = few.view(made or add_remote(few.tx, "books", type=ActorType.GROUP))
    named = [{"type": "Mention", "href": group.uri}] if how == "tag" else [group.uri]
    assert not few.is_plain(**{how: named})


# Who says it, and where.


def test_O07_only_the_author_brings_a_post(few: Few) -> None:
    assert few.are_plain((few.note(), few.yan)) == [False]
    assert few.are_plain((few.note(), few.zoe)) == [True]


def test_O07_a_post_lies_on_its_authors_server(few: Few) -> None:
    assert not few.is_plain(id="https://other.example/o/1")
    assert not few.is_plain(id=f"{NODE.origin}/o/1")


def test_O01_nothing_of_ours_comes_from_elsewhere(few: Few) -> None:
    ana = few.view(few.ana)
    assert few.are_plain((few.note(ana), ana)) == [False]


@pytest.mark.parametrize("changed", [{"gone_at": 1}, {"limited": Limit.SUSPENDED}], ids=str)
def test_nothing_is_believed_of_who_is_hidden(few: Few, changed: dict[str, Any]) -> None:
    assert few.are_plain((few.note(), replace(few.zoe, **changed))) == [False]


def test_who_is_silenced_may_write_plain_posts(few: Few) -> None:
    assert few.are_plain((few.note(), replace(few.zoe, limited=Limit.SILENCED))) == [True]


# What is here already.


@pytest.mark.parametrize("deleted_at", [None, 1])
def test_what_is_known_is_not_plain(few: Few, deleted_at: int | None) -> None:
    note, other = few.note(), few.note()
    add_post(few.tx, few.zoe.id, Audience.public(), uri=note.id, deleted_at=deleted_at)
    assert few.are_plain((note, few.zoe), (other, few.zoe)) == [False, True]


@pytest.mark.parametrize("by", ["author", "another"])
def test_what_was_deleted_is_not_plain(few: Few, by: str) -> None:
    note, other = few.note(), few.note()
    posts.bury(few.tx, note.id, few.zoe.uri if by == "author" else few.yan.uri)
    assert few.are_plain((note, few.zoe), (other, few.zoe)) == [False, True]


def test_what_answers_wait_for_is_not_plain(few: Few) -> None:
    note, other = few.note(), few.note()
    add_post(few.tx, few.yan.id, Audience.public(), reply_to_uri=note.id)
    assert few.are_plain((note, few.zoe), (other, few.zoe)) == [False, True]


def test_what_quotes_wait_for_is_not_plain(few: Few) -> None:
    note, other = few.note(), few.note()
    quotes.put(few.tx, a_quote(few.tx, few.yan.id, "https://far.example/o/q", note.id))
    assert few.are_plain((note, few.zoe), (other, few.zoe)) == [False, True]


def test_of_two_with_one_id_the_first_is_plain(few: Few) -> None:
    note, other = few.note(), few.note()
    again = replace(note, content="<p>other words</p>")
    assert few.are_plain((note, few.zoe), (again, few.zoe), (other, few.zoe)) == [True, False, True]


def test_a_forged_one_with_the_same_id_does_not_hold_up_the_true_one(few: Few) -> None:
    note = few.note()
    assert few.are_plain((note, few.yan), (note, few.zoe)) == [False, True]


def test_asking_what_is_plain_changes_nothing(few: Few) -> None:
    way = Way(few.tx._session, few.tx.now)
    before = way.dump()
    assert few.is_plain(cc=[few.view(few.bo).uri])
    assert way.dump() == before


# How often the database is asked.


def asked(few: Few, count: int, authors: int, named: int) -> Counter[str]:
    """How often the database is asked for so many posts that each name so many people."""
    people = [few.view(add_person(few.tx, f"person{count}x{each}")) for each in range(named)]
    writers = [few.view(add_remote(few.tx, f"author{count}x{each}")) for each in range(authors)]
    for writer in writers:
        add_follow(few.tx, few.ana, writer.id)
    said: dict[str, Any] = {
        "content": f"<p>#bread <a href='https://page.example/{count}'>here</a></p>",
        "cc": [person.uri for person in people],
        "tag": [
            *({"type": "Mention", "href": person.uri} for person in people),
            {"type": "Hashtag", "name": "#bread"},
        ],
    }
    by = [writers[number % authors] for number in range(count)]
    coming = [Arrival(few.note(writer, **said), writer, few.tx.now) for writer in by]
    with counted(few.tx) as found:
        plain = [each for each in plain_among(few.tx, NODE, coming) if each is not None]
        store(few.tx, plain)
    assert len(plain) == count
    return found


@contextmanager
def counted(tx: Tx) -> Iterator[Counter[str]]:
    """What the session is asked meanwhile, by the way in which it is."""
    session, found = tx._session, Counter[str]()

    def counting(name: str) -> Callable[..., Any]:
        real = getattr(session, name)

        def ask(*args: Any) -> Any:
            found[name] += 1
            return real(*args)

        return ask

    with pytest.MonkeyPatch.context() as patched:
        for name in ("all", "first", "execute", "execute_many", "lock"):
            patched.setattr(session, name, counting(name))
        yield found
    if tx.dialect == "postgresql":  # where a lock is a statement, too
        found["execute"] -= found["lock"]


@pytest.mark.parametrize(("count", "authors", "named"), [(1, 1, 2), (40, 1, 2), (40, 5, 3)])
def test_a_unit_asks_as_often_for_many_posts_as_for_one(
    few: Few, count: int, authors: int, named: int
) -> None:
    found = asked(few, count, authors, named)
    assert found.pop("lock") == count
    # The figures of an author are written once for all that are theirs. Nothing else grows.
    assert found.total() == 19 + authors
    assert found["execute_many"] == 5, "posts, their words, mentions, tags, notifications"
