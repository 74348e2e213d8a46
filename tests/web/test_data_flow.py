"""The data-flow answer: which servers hold copies of a community, for its members (protocol §6)."""

from typing import Any

import pytest
from sqlalchemy import bindparam, update

from activitypub.parse.data_flow import parse_servers
from activitypub.render.data_flow import document
from domain.kinds import MembershipState, Way
from domain.node import SOFTWARE
from storage.queries import communities, origins, purges
from storage.tables.communities import memberships
from storage.tx import Tx
from storage.views.data_flow import Request, Server
from tests.support.factories import add_membership, add_remote
from tests.support.nodes import Json, Person, RunningNode
from tests.web.gathering import Club, found_club
from tests.web.visitor import Visitors

DAY = 24 * 3600 * 1000
_ROW = (
    update(memberships)
    .where(memberships.c.actor_id == bindparam("who"))
    .values(since=bindparam("at"), state=bindparam("to"))
)


@pytest.fixture
async def club(ana: Person, bo: Person) -> Club:
    """Ana's community; Bo is a member."""
    return await found_club(ana, bo)


def path_of(club: Club) -> str:
    return f"/api/tertulia/v1/communities/{club.id}/data_flow"


def arrive(
    tx: Tx,
    *,
    club: Club,
    handle: str,
    origin: str,
    software: str | None,
    state: MembershipState = MembershipState.ACTIVE,
) -> int:
    """Somebody elsewhere who belongs, or did, for two days."""
    person = add_remote(tx, handle, origin)
    place = origins.origin_id(tx, origin)
    if software is not None:
        origins.remember_software(tx, place, software)
    way = Way.NODE if software == SOFTWARE else Way.PLAIN
    add_membership(tx, club.id, person, way=way)
    tx.change(_ROW, who=person, at=tx.now - 2 * DAY, to=state)
    return place


async def flow(person: Person, club: Club) -> Json:
    return await person.get(path_of(club))


async def test_a_community_that_stays_here_is_copied_nowhere(club: Club, bo: Person) -> None:
    found = await flow(bo, club)
    assert found["servers"] == []
    assert (found["host"], found["complete"]) == (club.node.host, True)
    assert "signature" in found["notices"][0]
    assert "link" in found["notices"][1]


async def test_each_server_is_named_with_what_it_promised(club: Club, bo: Person) -> None:
    def make(tx: Tx) -> None:
        lab = arrive(tx, club=club, handle="cy", origin="https://lab.example", software=SOFTWARE)
        gone = MembershipState.REMOVED
        arrive(
            *(tx,),
            club=club,
            handle="di",
            origin="https://m.example",
            software="mastodon",
            state=gone,
        )
        purges.ask(tx, "https://x/1", origin_id=lab, community_id=club.id, actor_id=1)
        purges.ask(tx, "https://x/2", origin_id=lab, community_id=club.id, actor_id=2)
        purges.acknowledge(tx, "https://x/1", origin_id=lab)
        purges.ask(tx, "https://x/3", origin_id=lab, community_id=club.id + 1)
        purges.ask(tx, "https://x/4", origin_id=lab)

    await club.node.db.write(make)
    lab, social = (await flow(bo, club))["servers"]
    assert (lab["domain"], lab["software"], lab["has_members"]) == (
        *("lab.example", "Tertulia node"),
        True,
    )
    assert [one["acknowledged_at"] is not None for one in lab["forgetting"]] == [
        *(True, False),
        False,  # with the whole agreement
    ]
    assert lab["notices"] == []
    assert (social["domain"], social["software"], social["has_members"]) == (
        *("m.example", "mastodon"),
        False,
    )
    assert len(social["since"]) == len("2026-11-22")
    assert len(social["notices"]) == 1
    assert "copies of what it got may remain" in social["notices"][0]


@pytest.mark.parametrize("software", ["takahe", "snac", None])
async def test_others_on_some_servers_may_read(
    club: Club, bo: Person, software: str | None
) -> None:
    await club.node.db.write(
        arrive, club=club, handle="di", origin="https://t.example", software=software
    )
    [server] = (await flow(bo, club))["servers"]
    assert server["software"] == (software or "unknown")
    assert "Other people on this server may be able to read" in server["notices"][1]


async def test_nobodys_name_and_no_number_is_in_it(club: Club, bo: Person) -> None:
    def make(tx: Tx) -> None:
        for handle in ("zebulon", "quirin", "xaver"):
            arrive(tx, club=club, handle=handle, origin="https://lab.example", software=SOFTWARE)

    await club.node.db.write(make)
    answer = await bo.ask("GET", path_of(club))
    assert len(answer.json["servers"]) == 1
    for handle in ("zebulon", "quirin", "xaver", "/a/"):
        assert handle not in answer.text
    assert "3" not in {str(value) for value in answer.json["servers"][0].values()}


async def test_who_only_asked_makes_no_server_a_holder(club: Club, bo: Person) -> None:
    await club.node.db.write(
        *(arrive,),
        club=club,
        handle="di",
        origin="https://t.example",
        software="mastodon",
        state=MembershipState.REQUESTED,
    )
    assert (await flow(bo, club))["servers"] == []


async def test_G67_for_everybody_else_it_is_not_there(
    node: RunningNode, club: Club, bo: Person, gina: Person
) -> None:
    cy = await node.person("cy")
    unknown = f"/api/tertulia/v1/communities/{club.id + 1}/data_flow"
    nothing = await cy.ask("GET", unknown)
    assert nothing.status == 404
    for person in (cy, gina):
        refused = await person.ask("GET", path_of(club))
        assert (refused.status, refused.body) == (404, nothing.body)
    assert (await node.ask("GET", path_of(club))).status == 401
    assert (await bo.ask("GET", path_of(club))).status == 200
    await club.end(bo)
    assert (await bo.ask("GET", path_of(club))).status == 404


async def test_T3_servers_without_a_member_do_not_find_it(node: RunningNode, club: Club) -> None:
    accept = {"Accept": "application/activity+json"}
    answer = await node.ask("GET", f"/a/{club.id}/data_flow", headers=accept)
    assert answer.status == 404


SERVER = Server(
    origin="https://lab.example:8443",
    software="mastodon",
    since=1_790_000_000_000,
    has_members=True,
    is_node=False,
    requests=(Request(1_790_000_001_000, None), Request(1_790_000_002_000, 1_790_000_003_000)),
)


def test_what_is_said_between_nodes_is_read_as_it_was_meant() -> None:
    said: dict[str, Any] = document("https://here.example/a/1/data_flow", [SERVER])
    assert parse_servers(said) == [SERVER]


@pytest.mark.parametrize(
    "wrong",
    [
        *("lab.example", 3, None),
        {"id": "https://lab.example"},
        {"id": "javascript:1", "startTime": "2026-11-22T09:00:00Z"},
        {"id": "https://lab.example", "startTime": 7},
    ],
)
def test_O17_what_is_no_server_is_left_out(wrong: Any) -> None:
    said: dict[str, Any] = document("https://here.example/a/1/data_flow", [SERVER])
    said["tertulia:servers"].append(wrong)
    said["tertulia:servers"][0]["tertulia:forgetting"].append(wrong)
    assert parse_servers(said) == [SERVER]


async def test_members_read_it_on_a_page(
    club: Club, visitors: Visitors, node: RunningNode, bo: Person
) -> None:
    def make(tx: Tx) -> None:
        lab = arrive(tx, club=club, handle="cy", origin="https://lab.example", software=SOFTWARE)
        arrive(tx, club=club, handle="di", origin="https://t.example", software=None)
        purges.ask(tx, "https://x/1", origin_id=lab, community_id=club.id, actor_id=1)

    path = f"/communities/{club.id}/copies"
    at_bo, at_cy = await visitors.of(bo), await visitors.of(await node.person("cy"))
    assert "Nowhere else" in (await at_bo.get(path)).text
    await club.node.db.write(make)
    shown = (await at_bo.get(path)).text
    for words in ("lab.example", "Tertulia node", "it has not said that it did", "t.example"):
        assert words in shown
    assert "may be able to read what it got" in shown
    assert path in (await at_bo.get("/@club")).html
    assert (await at_cy.get(path)).status == 404
    await club.node.db.write(lambda tx: purges.acknowledge(tx, "https://x/1", origin_id=_lab(tx)))
    assert "; it has, on" in (await at_bo.get(path)).text


def _lab(tx: Tx) -> int:
    return origins.origin_id(tx, "https://lab.example")


async def test_membership_is_asked_at_the_moment(club: Club, bo: Person) -> None:
    def over(tx: Tx) -> None:
        row = communities.member(tx, club.id, bo.id)
        assert row is not None
        values = {name: getattr(row, name) for name in row.__struct_fields__}
        communities.put_member(tx, communities.MemberRow(**values | {"until": tx.now}))

    await club.node.db.write(over)
    assert (await bo.ask("GET", path_of(club))).status == 404
