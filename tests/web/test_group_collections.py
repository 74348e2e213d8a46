"""A community's outbox and its lists of members: for the members' nodes, each its own part."""

import pytest
from msgspec.structs import replace

from domain.errors import NotFound
from domain.kinds import History, MembershipState
from storage.queries import communities
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.clubs import OPEN, Club
from web.actors.groups import shown_members, shown_outbox
from web.actors.outbox import shown_outbox as shown_person_outbox
from web.actors.threads import shown_history

pytestmark = pytest.mark.both


@pytest.fixture
def club(tx: Tx) -> Club:
    return Club(tx)


def outbox(club: Club, signer: ActorView | None, max_id: int | None = None) -> list[str]:
    page = shown_outbox(club.tx, node=OPEN, community=club.actor, signer=signer, max_id=max_id)
    items = page["orderedItems"]
    assert isinstance(items, list)
    return [one["object"]["object"]["id"] for one in items]


def members(club: Club, signer: ActorView | None) -> object:
    return shown_members(club.tx, actor_id=club.id, signer=signer)["orderedItems"]


def stand(club: Club, actor: int, state: MembershipState) -> None:
    row = communities.member(club.tx, club.id, actor)
    assert row is not None
    communities.put_member(club.tx, replace(row, state=state))


@pytest.mark.interop("outbox", "out", "of a community, for its members' nodes", peer="our nodes")
def test_T3_rule_08_members_of_our_nodes_read_it_and_nobody_else(club: Club) -> None:
    row = club.write(club.ana)
    club.announced()
    assert outbox(club, club.view(club.cy)) == [row.uri]
    for nobody in (None, *map(club.view, (club.dee, club.lee, club.zed, club.bo))):
        with pytest.raises(NotFound):
            outbox(club, nobody)
        with pytest.raises(NotFound):
            shown_person_outbox(club.tx, node=OPEN, actor_id=club.id, signer=nobody, max_id=None)


def test_P10_the_right_ends_with_the_membership(club: Club) -> None:
    club.write(club.ana)
    club.announced()
    cy = club.view(club.cy)
    for state in (MembershipState.REMOVED, MembershipState.REQUESTED, MembershipState.BANNED):
        stand(club, club.cy, state)
        with pytest.raises(NotFound):
            outbox(club, cy)
    stand(club, club.cy, MembershipState.ACTIVE)
    assert len(outbox(club, cy)) == 1


def test_what_was_deleted_is_not_in_it(club: Club) -> None:
    from social.posts import delete_post

    kept, gone = club.write(club.ana), club.write(club.ana)
    club.announced()
    delete_post(club.tx, node=OPEN, author_id=club.ana, post_id=gone.id)
    assert outbox(club, club.view(club.cy)) == [kept.uri]


def test_the_history_rule_holds_for_it(tx: Tx) -> None:
    club = Club(tx, History.SINCE_JOINING)
    row = communities.member(tx, club.id, club.cy)
    assert row is not None
    old = club.write(club.ana)
    tx.now += 10
    communities.put_member(tx, replace(row, since=tx.now))
    young = club.write(club.ana)
    club.announced()
    assert outbox(club, club.view(club.cy)) == [young.uri]
    assert outbox(club, club.view(club.kim)) == [young.uri, old.uri]


def test_it_is_read_page_by_page(club: Club) -> None:
    rows = [club.write(club.ana, f"@club {number}") for number in range(23)]
    club.announced()
    cy, uris = club.view(club.cy), [row.uri for row in reversed(rows)]
    first = shown_outbox(club.tx, node=OPEN, community=club.actor, signer=cy, max_id=None)
    assert outbox(club, cy) == uris[:20]
    following = str(first["next"])
    assert following.startswith(f"{club.uri}/outbox?page=true&max_id=")
    assert outbox(club, cy, int(following.rpartition("=")[2])) == uris[20:]


@pytest.mark.interop(
    "contextHistory", "out", "what was announced in a thread, for members' nodes", peer="our nodes"
)
def test_a_threads_history_is_for_its_members_nodes(club: Club) -> None:
    row, other = club.write(club.ana), club.write(club.ana, "@club another thread")
    club.announced()

    def history(post_id: int, signer: ActorView | None) -> list[str]:
        page = shown_history(club.tx, node=OPEN, about=post_id, signer=signer, max_id=None)
        items = page["orderedItems"]
        assert isinstance(items, list)
        return [one["object"]["object"]["id"] for one in items]

    assert history(row.id, club.view(club.cy)) == [row.uri]
    assert history(other.id, club.view(club.kim)) == [other.uri]
    for nobody in (None, *map(club.view, (club.dee, club.lee, club.zed))):
        with pytest.raises(NotFound):
            history(row.id, nobody)


@pytest.mark.interop(
    "followers_sync", "out", "of a community: each node its own members", peer="our nodes"
)
def test_a_node_is_told_of_its_own_people_alone(club: Club) -> None:
    ours = sorted(club.view(one).uri for one in (club.cy, club.kim))
    assert members(club, club.view(club.cy)) == ours
    assert members(club, club.view(club.lee)) == ours, "it asks when it lost sight of who belongs"
    for nobody in (None, club.view(club.zed), club.view(club.dee), club.view(club.bo)):
        with pytest.raises(NotFound):
            members(club, nobody)
    stand(club, club.lee, MembershipState.BANNED)
    with pytest.raises(NotFound):
        members(club, club.view(club.lee))
    with pytest.raises(NotFound):
        shown_members(club.tx, actor_id=club.ana, signer=club.view(club.cy))
