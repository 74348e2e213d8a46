"""Live channels: who hears of what, asked when it is sent; channels end with the rights."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from domain.audience import Audience
from domain.kinds import AccountState, Role
from social import storing, streaming
from social.posts import Change, Draft, create_post, delete_post, edit_post
from social.signin import Identity
from social.streaming import Channel, Event, EventKind, Hub, Sent, Stream, announce
from social.timelines import home, keep_home
from storage.database import Database
from storage.queries import accounts, follows, posts, timelines
from storage.queries.accounts import grow_epoch
from storage.tables.accounts import tokens
from storage.tx import Tx
from storage.views.paging import Page
from tests.storage.test_post_views import Counting
from tests.support.factories import (
    NODE,
    add_block,
    add_follow,
    add_node,
    add_person,
    add_post,
    add_remote,
    add_share,
    member,
    origin_of,
    put,
)

pytestmark = pytest.mark.both

USER = Stream("user")
EVERYTHING = (
    *map(Stream, ("user", "public", "public:local", "public:remote", "direct")),
    *(Stream("hashtag", "lift"), Stream("hashtag:local", "lift")),
)


class Story:
    """Ana, Bo and Gina (a guest) on one node, with a hub."""

    def __init__(self, db: Database, hub: Hub, people: dict[str, int]) -> None:
        self.db = db
        self.hub = hub
        self.people = people

    def identity(self, name: str, **changes: Any) -> Identity:
        actor = self.people[name]
        role = Role.GUEST if name == "gina" else Role.MEMBER
        values: dict[str, Any] = {
            "account_id": actor,
            "actor_id": actor,
            "role": role,
            "scopes": "read",
            "token_id": 0,
            "epoch": 1,
            "app_id": None,
        }
        return Identity(**(values | changes))

    def connect(self, name: str, *streams: Stream, **changes: Any) -> Channel:
        return self.hub.connect(self.identity(name, **changes), streams or (USER,))

    async def post(self, name: str, text: str, **draft: Any) -> int:
        made = await self.db.write(
            create_post, node=NODE, author_id=self.people[name], draft=Draft(text, **draft)
        )
        return made.post_id

    async def put(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await self.db.write(fn, *args, **kwargs)


@pytest.fixture
async def story(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    def fill(tx: Tx) -> dict[str, int]:
        add_node(tx)
        made = {name: add_person(tx, name) for name in ("ana", "bo")}
        made["gina"] = add_person(tx, "gina", role=Role.GUEST)
        made |= {name: add_remote(tx, name) for name in ("zoe", "yan")}
        add_follow(tx, made["bo"], made["ana"])
        add_follow(tx, made["gina"], made["ana"])
        return made

    people = await database.write(fill)
    # Rights are read again when a test says so, not when it happened to take two seconds.
    monkeypatch.setattr(streaming, "RECHECK_SECONDS", 3600.0)
    hub = Hub(database)
    await hub.start()
    yield Story(database, hub, people)
    await hub.close()


async def heard(channel: Channel, seconds: float = 30.0) -> Sent | None:
    """The next thing that a channel is sent; None if it ends or stays silent."""
    iterator = aiter(channel)
    try:
        return await asyncio.wait_for(anext(iterator), seconds)
    except (TimeoutError, StopAsyncIteration):
        return None
    finally:
        await iterator.aclose()  # type: ignore[attr-defined]


async def next_is(channel: Channel, event: EventKind, identifier: int) -> Sent:
    sent = await heard(channel)
    assert sent is not None
    assert (sent.event, sent.id) == (event, identifier)
    return sent


async def test_a_post_is_sent_to_followers_who_may_read_it(story: Story) -> None:
    ana, bo, gina = (story.connect(name) for name in ("ana", "bo", "gina"))
    inside = await story.post("ana", "for colleagues")
    for channel in (ana, bo):
        await next_is(channel, EventKind.UPDATE, inside)
    private = await story.post("ana", "for followers", visibility="private")
    await next_is(gina, EventKind.UPDATE, private)  # and nothing before it (G34)
    await next_is(bo, EventKind.UPDATE, private)


async def test_G33_public_streams_obey_the_predicate_and_the_timelines_rules(story: Story) -> None:
    bo = story.connect("bo", *EVERYTHING)
    gina = story.connect("gina", *EVERYTHING)
    tagged = await story.post("ana", "all #Lift")
    sent = await next_is(bo, EventKind.UPDATE, tagged)
    assert set(sent.streams) == {
        *(USER, Stream("public"), Stream("public:local")),
        *(Stream("hashtag", "lift"), Stream("hashtag:local", "lift")),
    }
    quiet = await story.post("ana", "hm #lift", visibility="unlisted")
    assert (await next_is(bo, EventKind.UPDATE, quiet)).streams == (USER,)
    world = await story.post("ana", "to the world", visibility="world")
    sent = await next_is(gina, EventKind.UPDATE, world)
    assert set(sent.streams) == {USER, Stream("public"), Stream("public:local")}


async def test_posts_from_elsewhere_are_remote(story: Story) -> None:
    bo = story.connect("bo", Stream("public"), Stream("public:local"), Stream("public:remote"))

    def arrive(tx: Tx) -> int:
        zoe = story.people["zoe"]
        post = add_post(tx, zoe, Audience.public(), origin_id=99, uri="https://far.example/1")
        share = add_share(tx, story.people["ana"], post)
        announce(tx, streaming.posted(share))  # shares stand in no public timeline
        announce(tx, streaming.posted(post))
        return post

    post = await story.put(arrive)
    sent = await next_is(bo, EventKind.UPDATE, post)
    assert set(sent.streams) == {Stream("public"), Stream("public:remote")}


async def test_G33_guests_hear_nothing_that_their_pages_leave_out(story: Story) -> None:
    """What people elsewhere say to all is for full members to come across, and its end, too."""
    streams = (USER, *map(Stream, ("public", "public:remote")), Stream("hashtag", "lift"))
    bo, gina = story.connect("bo", *streams), story.connect("gina", *streams)
    await story.put(add_follow, story.people["gina"], story.people["yan"])

    def arrive(tx: Tx, name: str) -> int:
        origin_id = origin_of(tx, "https://far.example")
        author = story.people[name]
        post = add_post(tx, author, Audience.public(), origin_id=origin_id, tags=("lift",))
        announce(tx, streaming.posted(post))
        return post

    def leave(tx: Tx, post_id: int) -> None:
        row = posts.by_id(tx, post_id)
        assert row is not None
        storing.remove(tx, row)

    unknown = await story.put(arrive, "zoe")
    assert set((await next_is(bo, EventKind.UPDATE, unknown)).streams) == set(streams[1:])
    await story.put(leave, unknown)
    assert set((await next_is(bo, EventKind.DELETE, unknown)).streams) == set(streams)
    followed = await story.put(arrive, "yan")
    await next_is(bo, EventKind.UPDATE, followed)
    await story.put(leave, followed)
    await next_is(bo, EventKind.DELETE, followed)
    ended = await next_is(gina, EventKind.DELETE, followed)  # and nothing before it
    assert ended.streams == (USER,)


async def test_G34_edits_and_deletes_reach_those_who_could_read(story: Story) -> None:
    bo, gina = story.connect("bo"), story.connect("gina")
    inside = await story.post("ana", "inside")
    await next_is(bo, EventKind.UPDATE, inside)
    author = story.people["ana"]
    await story.put(
        edit_post, node=NODE, author_id=author, post_id=inside, change=Change(text="other")
    )
    await next_is(bo, EventKind.EDIT, inside)
    await story.put(delete_post, node=NODE, author_id=author, post_id=inside)
    await next_is(bo, EventKind.DELETE, inside)
    later = await story.post("ana", "for followers", visibility="private")
    await next_is(gina, EventKind.UPDATE, later)  # nothing of the rest


async def test_notifications_go_to_their_owner_alone(story: Story) -> None:
    own = story.connect("bo", Stream("user:notification"))
    ana = story.connect("ana")
    post = await story.post("ana", "@bo hello", visibility="direct")
    sent = await heard(own)
    assert sent is not None
    assert (sent.event, sent.streams) == (
        EventKind.NOTIFICATION,
        (Stream("user:notification"),),
    )
    await next_is(ana, EventKind.UPDATE, post)
    assert await heard(ana, 0.2) is None


async def test_what_concerns_one_person_costs_nothing_for_all_others(story: Story) -> None:
    streams = (USER, Stream("direct"))
    channels = (story.connect("bo", *streams), story.connect("gina", *streams))

    def cost(tx: Tx, name: str) -> tuple[list[Channel], int]:
        counting: Any = Counting(tx)
        event = Event(EventKind.CONVERSATION, 1, story.people[name])
        found = streaming._entitled(counting, event, channels)
        return [channel for channel, _ in found], len(counting.statements)

    heard_by, statements = await story.db.read(cost, "bo")
    assert (heard_by, statements > 0) == ([channels[0]], True)
    assert await story.db.read(cost, "ana") == ([], 0)


async def test_rights_are_asked_when_sent_not_when_made(story: Story) -> None:
    """P08: an event that waits says nothing to somebody who lost the right meanwhile."""
    bo = story.connect("bo")

    def lose_and_announce(tx: Tx) -> tuple[int, int]:
        ana, reader = story.people["ana"], story.people["bo"]
        hidden = add_post(tx, ana, Audience.followers(ana))
        timelines.fan_out(tx, hidden)
        follows.remove(tx, reader, ana)  # the home row stays
        announce(tx, streaming.posted(hidden))
        open_ = add_post(tx, reader)
        timelines.fan_out(tx, open_)
        announce(tx, streaming.posted(open_))
        return hidden, open_

    _, open_ = await story.put(lose_and_announce)
    await next_is(bo, EventKind.UPDATE, open_)


async def test_P11_blocks_are_kept_in_streams(story: Story) -> None:
    bo = story.connect("bo", Stream("public"))
    await story.put(add_block, story.people["bo"], story.people["ana"])
    await story.post("ana", "not for bo")
    mine = await story.post("bo", "mine")
    await next_is(bo, EventKind.UPDATE, mine)


async def test_G35_a_grown_epoch_silences_at_once_and_closes_soon(story: Story) -> None:
    bo = story.connect("bo", Stream("public"), USER)
    await story.put(grow_epoch, story.people["bo"])
    await story.post("ana", "after the change")
    assert await heard(bo, 0.3) is None
    assert len(story.hub) == 1
    await story.hub.recheck()
    assert bo.closed
    assert len(story.hub) == 0
    assert await heard(bo, 0.3) is None


async def test_rights_are_read_again_every_two_seconds(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "RECHECK_SECONDS", 0.05)  # the clock, not our code
    hub = Hub(story.db)
    await hub.start()
    bo = hub.connect(story.identity("bo"), (USER,))
    await asyncio.sleep(0.2)
    assert len(hub) == 1
    await story.put(grow_epoch, story.people["bo"])
    assert await heard(bo) is None
    assert bo.closed
    await hub.close()


async def test_A08_a_revoked_token_ends_its_channels_and_no_others(story: Story) -> None:
    def add_tokens(tx: Tx) -> None:
        for number in (1, 2):
            put(
                tx,
                tokens,
                id=number,
                hash=bytes([number]),
                app_id=None,
                account_id=story.people["bo"],
                scopes="read",
                code_hash=None,
                created_at=0,
                revoked_at=tx.now if number == 1 else None,
            )

    await story.put(add_tokens)
    revoked, live = story.connect("bo", token_id=1), story.connect("bo", token_id=2)
    unknown = story.connect("bo", token_id=3)
    post = await story.post("ana", "hello")
    await next_is(live, EventKind.UPDATE, post)
    assert await heard(revoked, 0.1) is None
    await story.hub.recheck()
    assert (revoked.closed, live.closed, unknown.closed) == (True, False, True)


async def test_disabled_accounts_hear_nothing(story: Story) -> None:
    bo = story.connect("bo")
    await story.put(accounts.set_state, story.people["bo"], AccountState.DISABLED)
    await story.post("ana", "hello")
    assert await heard(bo, 0.2) is None
    await story.hub.recheck()
    assert bo.closed


async def test_streams_can_be_added_and_left(story: Story) -> None:
    bo = story.connect("bo", Stream("hashtag", "never"))
    bo.subscribe(Stream("public:local"))
    first = await story.post("ana", "one")
    sent = await next_is(bo, EventKind.UPDATE, first)
    assert sent.streams == (Stream("public:local"),)
    bo.unsubscribe(Stream("public:local"))
    bo.subscribe(USER)
    second = await story.post("ana", "two")
    assert (await next_is(bo, EventKind.UPDATE, second)).streams == (USER,)


@pytest.mark.parametrize(
    "stream", [Stream("group:G2"), Stream("hashtag"), Stream("user:4711"), Stream("")]
)
async def test_G33_unknown_streams_are_refused(story: Story, stream: Stream) -> None:
    with pytest.raises(ValueError, match="no such stream"):
        story.connect("bo", stream)
    assert len(story.hub) == 0
    app = story.identity("bo", account_id=None, actor_id=0)
    with pytest.raises(ValueError, match="only people"):
        story.hub.connect(app, (USER,))


async def test_a_client_that_does_not_read_is_let_go(story: Story) -> None:
    bo = story.connect("bo")
    for number in range(streaming.LONGEST_QUEUE + 1):
        bo.send(Sent((USER,), EventKind.UPDATE, number))
    assert bo.closed
    assert len(story.hub) == 0


async def test_strange_hints_do_no_harm(story: Story) -> None:
    bo = story.connect("bo")
    for payload in (b"", b"[]", b'["update"]', b'["nonsense",1,0]', b'["update","x",0]'):
        story.db.bus.publish(streaming.TOPIC, payload)

    def unknown(tx: Tx) -> None:
        announce(tx, Event(EventKind.UPDATE, 4711))
        announce(tx, streaming.notified(story.people["bo"], 4711))

    await story.put(unknown)
    post = await story.post("ana", "still here")
    await next_is(bo, EventKind.UPDATE, post)


@pytest.mark.only("postgresql")  # one process serves a SQLite file
async def test_hubs_of_two_processes_hear_the_same(story: Story, database_url: str) -> None:
    other = await Database.open(database_url)
    hub = Hub(other)
    await hub.start()
    bo = hub.connect(story.identity("bo"), (USER,))
    post = await story.post("ana", "hello over there")
    await next_is(bo, EventKind.UPDATE, post)
    await hub.close()
    await other.close(timeout=5)


# Homes, which the user stream goes by.


async def test_a_home_is_built_on_return_and_kept_for_a_fortnight(story: Story) -> None:
    bo = story.people["bo"]
    viewer = member(bo)
    await story.put(timelines.set_fresh, bo, 0)
    post = await story.post("ana", "while you were away")
    assert await story.db.read(timelines.homes_with, post, [bo]) == set()
    entries = await home(story.db, viewer=viewer, page=Page())
    assert [entry.post_id for entry in entries] == [post]
    until = await story.db.read(timelines.fresh_until, bo)
    day = 24 * 3600 * 1000
    assert until % day == 0  # a date and no time (protocol §8)
    later = await story.post("ana", "now that you are back")
    assert bo in await story.db.read(timelines.homes_with, later, [bo])
    assert [e.post_id for e in await home(story.db, viewer=viewer, page=Page())] == [later, post]
    await keep_home(story.db, viewer=viewer)
    assert await story.db.read(timelines.fresh_until, bo) == until
