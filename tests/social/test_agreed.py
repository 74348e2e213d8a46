"""What an agreement begins, narrows and ends between people of two nodes."""

from dataclasses import replace

import pytest

from domain.agreements import NOWHERE, Terms
from domain.errors import Invalid, NotAllowed, NotFound
from domain.ids import HERE
from domain.kinds import AgreementKind, MembershipState, RuleAction
from domain.node import Federation
from federation.policy import may_exchange
from social import agreed
from social.agreements import covers, end, offers_for, propose
from storage.queries import actors, agreements, communities, follows, origins
from storage.tx import Tx
from tests.support.factories import (
    NODE,
    add_community,
    add_follow,
    add_membership,
    add_node,
    add_person,
    add_remote,
)

FAR = "https://far.example"
SISTER = Terms(AgreementKind.SISTER)
ACTIVE, REMOVED = MembershipState.ACTIVE, MembershipState.REMOVED


@pytest.fixture
def far(tx: Tx) -> int:
    """Another node, whose Application actor we know; its origin's id."""
    add_node(tx)
    application = add_remote(tx, "node", FAR)
    origin_id = origins.origin_id(tx, FAR)
    origins.remember_application(tx, origin_id, application)
    return origin_id


@pytest.fixture
def ours(tx: Tx, far: int) -> int:
    return add_community(tx, "ours")


@pytest.fixture
def theirs(tx: Tx, far: int) -> int:
    return add_community(tx, "theirs", origin_id=far, base=FAR)


def uri(tx: Tx, actor_id: int) -> str:
    actor = actors.by_id(tx, actor_id)
    assert actor is not None
    return actor.uri


def conclude(tx: Tx, far: int, terms: Terms = SISTER) -> None:
    agreed.conclude(tx, origin_id=far, uri="https://here.example/act/1", terms=terms)


def state(tx: Tx, community: int, actor: int) -> MembershipState | None:
    member = communities.member(tx, community, actor)
    return None if member is None else member.state


def test_an_end_ends_every_membership_between_the_nodes_and_no_other(
    tx: Tx, far: int, ours: int, theirs: int
) -> None:
    conclude(tx, far)
    ana, cy = add_person(tx, "ana"), add_remote(tx, "cy", FAR)
    eve = add_remote(tx, "eve", "https://third.example")
    for pair in ((ours, ana), (ours, cy), (ours, eve), (theirs, ana)):
        add_membership(tx, *pair)
        add_follow(tx, pair[1], pair[0])
    dee = add_remote(tx, "dee", FAR)
    add_membership(tx, ours, dee, state=MembershipState.REQUESTED)
    assert end(tx, node=NODE, domain="far.example")
    assert [state(tx, ours, one) for one in (ana, cy, eve, dee)] == [ACTIVE, REMOVED, ACTIVE, None]
    assert state(tx, theirs, ana) is REMOVED
    assert "ended" in communities.log_of(tx, ours)[0].reason


def test_narrower_terms_end_what_they_are_not_about(
    tx: Tx, far: int, ours: int, theirs: int
) -> None:
    conclude(tx, far)
    cy, ana = add_remote(tx, "cy", FAR), add_person(tx, "ana")
    add_membership(tx, ours, cy)
    add_membership(tx, theirs, ana)
    row = agreements.find(tx, far)
    assert row is not None
    agreed.narrow(tx, row, replace(SISTER, communities=frozenset({uri(tx, ours)})))
    assert (state(tx, ours, cy), state(tx, theirs, ana)) == (ACTIVE, REMOVED)
    assert covers(tx, origin_id=far, community_uri=uri(tx, ours))
    assert not covers(tx, origin_id=far, community_uri=uri(tx, theirs))
    agreed.narrow(tx, row, replace(SISTER, communities=frozenset({uri(tx, theirs)})))
    row = agreements.find(tx, far)
    assert row is not None
    agreed.narrow(tx, row, replace(SISTER, communities=frozenset({uri(tx, ours)})))
    assert agreements.communities_of(tx, far) == {NOWHERE}
    assert state(tx, ours, cy) is REMOVED
    assert not communities.is_agreed(tx, uri(tx, ours), far)


def test_without_an_agreement_nothing_is_said_of_communities(tx: Tx, far: int, ours: int) -> None:
    assert covers(tx, origin_id=far, community_uri=uri(tx, ours))
    conclude(tx, far, replace(SISTER, communities=frozenset({"https://far.example/a/5"})))
    assert not covers(tx, origin_id=far, community_uri=uri(tx, ours))


def test_a_plain_allowance_ends_with_the_agreement(tx: Tx, far: int) -> None:
    origins.set_rule(tx, "far.example", RuleAction.ALLOW)
    conclude(tx, far)
    end(tx, node=NODE, domain="far.example")
    assert not may_exchange(tx, NODE, "far.example")
    origins.set_rule(tx, "far.example", RuleAction.ALLOW)
    assert may_exchange(tx, NODE, "far.example"), "by a new word"
    conclude(tx, far)
    origins.set_rule(tx, "far.example", RuleAction.BLOCK)
    end(tx, node=NODE, domain="far.example")
    assert [rule.action for rule in origins.rules(tx)] == [RuleAction.BLOCK]


def test_a_new_sister_reads_from_the_day_she_became_one(tx: Tx, far: int) -> None:
    def since() -> int:
        row = agreements.find(tx, far)
        assert row is not None
        return row.since

    conclude(tx, far)
    first = since()
    tx.now += 1_000
    conclude(tx, far, replace(SISTER, until=tx.now + 60_000))
    assert since() == first, "other terms of the same kind"
    conclude(tx, far, Terms(AgreementKind.PARTNER))
    tx.now += 1_000
    conclude(tx, far)
    assert since() == tx.now
    end(tx, node=NODE, domain="far.example")
    tx.now += 1_000
    conclude(tx, far)
    assert since() == tx.now


def test_what_cannot_be_proposed(tx: Tx, far: int) -> None:
    def try_to(terms: Terms = SISTER, federation: Federation = Federation.PARTNERS) -> None:
        node = replace(NODE, federation=federation)
        propose(tx, node=node, domain="far.example", terms=terms, code="abcd")

    with pytest.raises(NotAllowed):
        try_to(federation=Federation.CLOSED)
    with pytest.raises(Invalid):
        try_to(replace(SISTER, until=tx.now))
    with pytest.raises(NotFound):
        offers_for(tx, domain="far.example")
    try_to(replace(SISTER, until=tx.now + 1))
    assert len(offers_for(tx, domain="far.example")) == 1
    origins.set_rule(tx, "example", RuleAction.BLOCK)
    with pytest.raises(NotAllowed):
        try_to()


def test_who_asks_what_for_is_seen_by_nobody_else(tx: Tx, far: int) -> None:
    propose(tx, node=NODE, domain="far.example", terms=SISTER, code="abcd")
    for domain in ("far.example:8443", "sub.far.example", "example", "here.example"):
        with pytest.raises(NotFound):
            offers_for(tx, domain=domain)


def test_sisters_of_ours_are_asked_to_be_followed_until_they_agree(tx: Tx, far: int) -> None:
    conclude(tx, far)
    uri_of = "https://here.example/act/1"
    assert not agreed.befriend(tx, node=NODE, origin_id=far, offer_uri=uri_of)
    assert not agreed.befriend(tx, node=NODE, origin_id=far, offer_uri=uri_of), "asked again"
    assert agreed.befriend(tx, node=NODE, origin_id=far, offer_uri="https://old.example/1")
    pair = (actors.application_of(tx, HERE).id, actors.application_of(tx, far).id)
    follows.accept(tx, *pair)
    assert agreed.befriend(tx, node=NODE, origin_id=far, offer_uri=uri_of)
    end(tx, node=NODE, domain="far.example")
    assert follows.find(tx, *pair) is None
    assert agreed.befriend(tx, node=NODE, origin_id=far, offer_uri=uri_of)
