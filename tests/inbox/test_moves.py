"""Moving elsewhere: only oneself, only to an account that agrees, and only followers go along."""

from typing import Any

import pytest
from sqlalchemy import bindparam, update

from domain.errors import NotAllowed
from domain.kinds import ActorType, FollowState, NotificationKind
from domain.moving import COOLDOWN_MS
from jobs.worker import Worker
from social import lists, moves
from social.follows import follow
from storage.queries import actors, follows, mutes, notes
from storage.queries import blocks as block_rows
from storage.queries import lists as list_rows
from storage.tables.actors import actors as actors_table
from storage.tables.moves import moves as table
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.giving import give, in_vain, known
from tests.inbox.home import Home
from tests.support.factories import add_follow
from tests.support.stranger import Document, Page, Person, Stranger

_HIDE = update(actors_table).where(actors_table.c.id == bindparam("id")).values(public=False)
_MOVED_AT = update(table).values(moved_at=bindparam("at"))


@pytest.fixture
async def ana(here: Home, b: Stranger, alice: ActorView) -> Person:
    """Somebody on B, whom alice follows."""
    person = b.person("ana")
    await here.follow(alice, await known(here, person))
    return person


@pytest.fixture
async def anew(here: Home, e: Stranger, ana: Person) -> Person:
    """Her new account, on E, which names the old one; unknown here."""
    return e.person("ana_anew", key=2, alsoKnownAs=[ana.uri])


def moving(who: Person, to: Any, **changed: Any) -> Document:
    return who.server.activity(who, "Move", who.uri, target=to) | changed


async def standing(here: Home, follower: ActorView, target: Person) -> FollowState | None:
    actor = await here.db.read(actors.by_uri, target.uri)
    row = None if actor is None else await here.db.read(follows.find, follower.id, actor.id)
    return None if row is None else row.state


async def sent(here: Home) -> list[str]:
    """What was published from here, by type."""
    return [str(row) for row in await here.rows("activities")]


# What must be so, and what comes of it.


@pytest.mark.interop("Move", "in", "followers follow the new account", peer="a stranger")
async def test_followers_go_along(here: Home, ana: Person, anew: Person, alice: ActorView) -> None:
    await give(here, ana, moving(ana, anew.uri))
    old = await known(here, ana)
    assert old.moved_to == anew.uri
    await follow_on(here)
    assert await standing(here, alice, anew) is FollowState.PENDING
    assert await standing(here, alice, ana) is None
    bodies = "".join(await sent(here))
    assert '"type":"Follow"' in bodies
    assert '"type":"Undo"' in bodies


async def follow_on(here: Home) -> None:
    """Run the job that leads followers on."""
    await Worker(here.db, moves.job_handlers(here.fetcher)).drain()


async def test_each_is_told_once(here: Home, ana: Person, anew: Person, alice: ActorView) -> None:
    await give(here, ana, moving(ana, anew.uri))
    await follow_on(here)
    old, new = await known(here, ana), await known(here, anew)
    assert await moves.follow_on(here.fetcher, old_id=old.id, new_id=new.id) == 0
    told = await here.rows("notifications")
    assert [row for row in told if NotificationKind.MOVED in row and old.id in row]
    assert len(told) == 1


async def test_a_request_goes_along_too_and_who_followed_both_is_left_alone(
    here: Home, ana: Person, anew: Person, alice: ActorView
) -> None:
    bo = await here.someone("bo")
    old, new = await known(here, ana), await known(here, anew)
    await here.db.write(add_follow, alice.id, new.id)
    await here.db.write(add_follow, bo.id, old.id, state=FollowState.PENDING)
    await give(here, ana, moving(ana, anew.uri))
    await follow_on(here)
    assert await standing(here, alice, anew) is FollowState.ACCEPTED
    assert await standing(here, bo, anew) is FollowState.PENDING
    assert await standing(here, alice, ana) is await standing(here, bo, ana) is None


async def test_somebody_moves_to_an_account_here(here: Home, ana: Person, alice: ActorView) -> None:
    bo = await here.someone("bo")
    old = await known(here, ana)
    await here.db.write(moves.add_alias, node=here.node, actor_id=bo.id, other_id=old.id)
    await give(here, ana, moving(ana, bo.uri))
    await follow_on(here)
    row = await here.db.read(follows.find, alice.id, bo.id)
    assert row is not None


async def test_whom_somebody_blocked_stays_blocked(
    here: Home, ana: Person, anew: Person, alice: ActorView
) -> None:
    bo = await here.someone("bo")
    old = await known(here, ana)

    def block(tx: Tx) -> None:
        assert block_rows.add(tx, blocker_id=bo.id, blocked_id=old.id, uri=None)

    await here.db.write(block)
    await give(here, ana, moving(ana, anew.uri))
    await follow_on(here)
    new = await known(here, anew)
    assert await here.db.read(follows.is_blocked, bo.id, new.id)
    assert not await here.db.read(follows.is_blocked, alice.id, new.id)


async def test_mutes_notes_lists_and_wishes_go_along(
    here: Home, ana: Person, anew: Person, alice: ActorView
) -> None:
    bo, old = await here.someone("bo"), await known(here, ana)

    def before(tx: Tx) -> int:
        mutes.put(tx, bo.id, old.id, notifications=False, until=None)
        notes.put(tx, bo.id, old.id, "sings")
        follows.set_wishes(tx, alice.id, old.id, shares=False, notify=True, languages="de")
        made = lists.make(tx, actor_id=alice.id, title="Singers")
        lists.add(tx, actor_id=alice.id, list_id=made, member_ids=[old.id])
        return made

    made = await here.db.write(before)
    await give(here, ana, moving(ana, anew.uri))
    await follow_on(here)
    new = await known(here, anew)

    def after(tx: Tx) -> None:
        mute = mutes.among(tx, bo.id, [new.id])[new.id]
        assert (mute.notifications, mute.until) == (False, None)
        assert not mutes.among(tx, alice.id, [new.id])
        assert notes.among(tx, bo.id, [new.id]) == {new.id: "sings"}
        row = follows.find(tx, alice.id, new.id)
        assert row is not None
        assert (row.shares, row.notify, row.languages) == (False, True, "de")
        assert [one.id for one in list_rows.holding(tx, alice.id, new.id)] == [made]
        assert list_rows.holding(tx, alice.id, old.id) == []

    await here.db.read(after)


# Refused.


async def test_O04_nobody_moves_somebody_else(
    here: Home, b: Stranger, ana: Person, anew: Person, mallory: Person
) -> None:
    bo = b.person("bo", key=3)
    await known(here, bo)
    for by in (mallory, bo):
        await in_vain(here, by, moving(by, anew.uri) | {"object": ana.uri})
    assert (await known(here, ana)).moved_to is None


@pytest.mark.parametrize("names", [[], ["http://b.localhost/users/bo"], None])
async def test_O08_the_new_account_has_to_name_the_old_one(
    here: Home, e: Stranger, ana: Person, alice: ActorView, names: list[str] | None
) -> None:
    said: dict[str, Any] = {} if names is None else {"alsoKnownAs": names}
    other = e.person("cy", key=2, **said)
    await known(here, other)
    await known(here, ana)
    await give(here, ana, moving(ana, other.uri))
    assert (await here.reasons())[-1] == "the other account does not name this one"
    assert (await known(here, ana)).moved_to is None
    assert await standing(here, alice, ana) is FollowState.ACCEPTED


async def test_what_the_move_says_of_the_new_account_is_not_believed(
    here: Home, e: Stranger, ana: Person, alice: ActorView
) -> None:
    other = e.person("cy", key=2)
    embedded = other.document | {"alsoKnownAs": [ana.uri]}
    await give(here, ana, moving(ana, embedded))
    assert (await here.reasons())[-1] == "the other account does not name this one"
    assert await standing(here, alice, ana) is FollowState.ACCEPTED


async def test_what_was_known_of_the_new_account_is_asked_anew(
    here: Home, ana: Person, anew: Person
) -> None:
    await known(here, anew)
    anew.document["alsoKnownAs"] = []
    await give(here, ana, moving(ana, anew.uri))
    assert (await here.reasons())[-1] == "the other account does not name this one"


async def test_a_second_move_waits_seven_days(
    here: Home, e: Stranger, ana: Person, anew: Person
) -> None:
    await give(here, ana, moving(ana, anew.uri))
    other = e.person("third", key=3, alsoKnownAs=[ana.uri])
    await known(here, other)
    await in_vain(here, ana, moving(ana, other.uri))
    assert (await known(here, ana)).moved_to == anew.uri


async def test_after_seven_days_a_second_move_counts(
    here: Home, e: Stranger, ana: Person, anew: Person, alice: ActorView
) -> None:
    await give(here, ana, moving(ana, anew.uri))  # and the job waits still: alice follows ana
    old = await known(here, ana)

    await here.db.write(lambda tx: tx.run(_MOVED_AT, at=tx.now - COOLDOWN_MS))
    other = e.person("third", key=3, alsoKnownAs=[ana.uri])
    await give(here, ana, moving(ana, other.uri))
    now = await here.db.read(actors.by_id, old.id)
    assert now is not None
    assert now.moved_to == other.uri


@pytest.mark.parametrize("kind", ["Group", "Application"])
async def test_T17_a_community_does_not_move(
    here: Home, b: Stranger, e: Stranger, alice: ActorView, kind: str
) -> None:
    old = b.person("gathering", key=2, kind="Group")
    new = e.person("elsewhere", key=3, kind=kind, alsoKnownAs=[old.uri])
    actor = await known(here, old)
    assert actor.type is ActorType.GROUP
    await here.follow(alice, actor)
    await in_vain(here, old, moving(old, new.uri))
    assert e.fetches(new.path) == 0


async def test_a_person_does_not_become_a_community(
    here: Home, e: Stranger, ana: Person, alice: ActorView
) -> None:
    new = e.person("gathering", key=2, kind="Group", alsoKnownAs=[ana.uri])
    await give(here, ana, moving(ana, new.uri))
    assert (await here.reasons())[-1] == "only people move"
    assert await standing(here, alice, ana) is FollowState.ACCEPTED


async def test_nobody_moves_to_who_moved_on(here: Home, ana: Person, anew: Person) -> None:
    anew.document["movedTo"] = ana.uri
    await give(here, ana, moving(ana, anew.uri))
    assert (await here.reasons())[-1] == "the other account moved on itself"


async def test_F01_nothing_is_asked_where_nobody_is_concerned(
    here: Home, b: Stranger, e: Stranger
) -> None:
    bo = b.person("bo", key=3)
    new = e.person("new", key=2, alsoKnownAs=[bo.uri])
    await known(here, bo)
    await in_vain(here, bo, moving(bo, new.uri))
    assert e.seen == []


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/users/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/users/x",
        "http://0x7f.1/users/x",
        "http://x.internal/users/x",
        "file:///etc/passwd",
        "http://user@b.localhost/users/x",
    ],
)
async def test_F01_a_move_leads_to_no_forbidden_address(
    here: Home, ana: Person, alice: ActorView, target: str
) -> None:
    answered = await ana.server.deliver(ana, here.inbox, moving(ana, target))
    assert answered.status in {202, 400}
    await here.drain()
    assert (await known(here, ana)).moved_to is None
    assert await standing(here, alice, ana) is FollowState.ACCEPTED


async def test_a_server_that_is_not_admitted_is_not_asked(
    here: Home, x: Stranger, ana: Person, alice: ActorView
) -> None:
    new = x.person("new", key=2, alsoKnownAs=[ana.uri])
    await give(here, ana, moving(ana, new.uri))
    assert x.seen == []
    assert await standing(here, alice, ana) is FollowState.ACCEPTED


async def test_a_new_account_that_is_gone_is_nobody(
    here: Home, e: Stranger, ana: Person, anew: Person, alice: ActorView
) -> None:
    e.pages[anew.path] = Page(status=410)
    await give(here, ana, moving(ana, anew.uri))
    assert await standing(here, alice, ana) is FollowState.ACCEPTED


async def test_G59_nobody_becomes_known_to_a_server_by_the_move_of_another(
    here: Home, b: Stranger, ana: Person, anew: Person, alice: ActorView
) -> None:
    """Who could not be looked up from outside is told, and decides; her colleague goes along."""
    bo = await here.someone("bo")
    old = await known(here, ana)
    await here.db.write(add_follow, bo.id, old.id)
    await here.db.write(lambda tx: tx.run(_HIDE, id=alice.id))
    await give(here, ana, moving(ana, anew.uri))
    await follow_on(here)
    assert await standing(here, alice, ana) is FollowState.ACCEPTED
    assert await standing(here, alice, anew) is None
    assert await standing(here, bo, anew) is FollowState.PENDING
    told = {row[1] for row in await here.rows("notifications")}
    assert {alice.id, bo.id} <= told


# The shapes of two servers.


@pytest.mark.interop("Move", "in", "followers follow the new account", peer="scripted Mastodon")
async def test_mastodons_move_has_a_fragment_and_no_addressees(
    here: Home, ana: Person, anew: Person, alice: ActorView
) -> None:
    """app/serializers/activitypub/move_serializer.rb, after its Update with movedTo."""
    ana.document["movedTo"] = anew.uri
    await give(here, ana, ana.server.activity(ana, "Update", ana.document))
    assert (await known(here, ana)).moved_to == anew.uri
    await give(here, ana, moving(ana, anew.uri) | {"id": f"{ana.uri}#moves/1"})
    await follow_on(here)
    assert await standing(here, alice, anew) is FollowState.PENDING
    assert await standing(here, alice, ana) is None


@pytest.mark.interop("Move", "in", "followers follow the new account", peer="scripted GoToSocial")
async def test_gotosocials_move_goes_to_followers(
    here: Home, ana: Person, anew: Person, alice: ActorView
) -> None:
    """docs/federation/actors.md: alsoKnownAs on the target, one Move in seven days."""
    anew.document["alsoKnownAs"] = ana.uri  # one value instead of a list
    followers = ana.document["followers"]
    await give(here, ana, moving(ana, anew.uri) | {"to": [followers], "cc": []})
    await follow_on(here)
    assert await standing(here, alice, anew) is FollowState.PENDING


async def test_an_update_alone_moves_nobody(
    here: Home, ana: Person, anew: Person, alice: ActorView
) -> None:
    ana.document["movedTo"] = anew.uri
    await give(here, ana, ana.server.activity(ana, "Update", ana.document))
    assert await standing(here, alice, ana) is FollowState.ACCEPTED
    assert await standing(here, alice, anew) is None


async def test_who_moved_is_not_followed_any_more_and_the_hint_says_whom(
    here: Home, ana: Person, anew: Person
) -> None:
    bo = await here.someone("bo")
    await give(here, ana, moving(ana, anew.uri))
    old = await known(here, ana)
    with pytest.raises(NotAllowed, match="Follow @ana_anew@e"):
        await here.db.write(follow, node=here.node, follower_id=bo.id, target_id=old.id)


@pytest.mark.interop("Follow of who moved", "in", "Reject", peer="a stranger")
async def test_a_follow_of_who_moved_from_here_is_rejected(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    bo = await here.someone("bo")
    await here.db.write(moves.add_alias, node=here.node, actor_id=bo.id, other_id=alice.id)
    twin = b.person("twin", key=3)
    await give(here, twin, b.activity(twin, "Follow", bo.uri))
    assert await here.db.read(follows.find, (await known(here, twin)).id, bo.id) is not None
    await here.db.write(moves.move, node=here.node, actor_id=alice.id, target_id=bo.id)
    cy = b.person("cy", key=2)
    await give(here, cy, b.activity(cy, "Follow", alice.uri))
    assert await here.db.read(follows.find, (await known(here, cy)).id, alice.id) is None
    assert '"type":"Reject"' in "".join(await sent(here))
