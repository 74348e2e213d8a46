"""Whom this node talks to, in every spelling."""

from dataclasses import replace

import pytest

from domain.agreements import FAREWELL_MS
from domain.kinds import AgreementKind, Directory, OfferState, RuleAction
from domain.node import Federation, Node
from federation.policy import Policy, may_exchange, may_talk, naming
from storage.database import Database
from storage.queries.agreements import AgreementRow
from storage.queries.agreements import put as put_agreement
from storage.queries.offers import OfferRow
from storage.queries.offers import put as put_offer
from storage.queries.origins import origin_id, set_rule
from storage.tx import Tx

NODE = Node(origin="https://learn.here.example", handle_domain="here.example")
OPEN = replace(NODE, federation=Federation.OPEN)
CLOSED = replace(NODE, federation=Federation.CLOSED)

SPELLINGS = [
    "x.example",
    "X.EXAMPLE",
    "x.example:8443",
    "sub.x.example",
    "deep.sub.X.example:8443",
    "x.example.",
    "x\u3002example",
    "x\uff0eexample",
    "user@x.example",
    "x.example/path",
    " x.example",
]


@pytest.mark.parametrize("host", SPELLINGS)
def test_O16_a_blocked_name_is_blocked_in_every_spelling(tx: Tx, host: str) -> None:
    assert may_exchange(tx, OPEN, "b.example")
    set_rule(tx, "x.example", RuleAction.BLOCK)
    assert not may_exchange(tx, OPEN, host)
    assert may_exchange(tx, OPEN, "notx.example")
    assert may_exchange(tx, OPEN, "b.example")


def test_O16_a_blocked_name_is_blocked_as_a_label_and_a_u_label(tx: Tx) -> None:
    set_rule(tx, "xn--bcher-kva.example", RuleAction.BLOCK)
    for host in ("bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "a.bücher.example"):
        assert not may_exchange(tx, OPEN, host)


def test_partners_are_exactly_those_allowed(tx: Tx) -> None:
    assert not may_exchange(tx, NODE, "b.example")
    set_rule(tx, "b.example", RuleAction.ALLOW)
    set_rule(tx, "c.example:8443", RuleAction.ALLOW)
    assert may_exchange(tx, NODE, "b.example")
    assert may_exchange(tx, NODE, "B.EXAMPLE:443")
    assert may_exchange(tx, NODE, "c.example:8443")
    for host in ("sub.b.example", "b.example:8443", "c.example", "ab.example", "example"):
        assert not may_exchange(tx, NODE, host)


def test_a_block_is_stronger_than_an_allowance(tx: Tx) -> None:
    set_rule(tx, "a.x.example", RuleAction.ALLOW)
    assert may_exchange(tx, NODE, "a.x.example")
    set_rule(tx, "x.example", RuleAction.BLOCK)
    assert not may_exchange(tx, NODE, "a.x.example")


@pytest.mark.parametrize("node", [NODE, OPEN, CLOSED])
def test_our_own_names_are_always_allowed(tx: Tx, node: Node) -> None:
    assert may_exchange(tx, node, "learn.here.example")
    assert may_exchange(tx, node, "here.example")


def test_a_closed_node_talks_to_nobody(tx: Tx) -> None:
    set_rule(tx, "b.example", RuleAction.ALLOW)
    assert not may_exchange(tx, CLOSED, "b.example")


async def test_a_change_of_rules_is_noticed_within_two_seconds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("federation.recent.time.monotonic", lambda: clock[0])
    policy = Policy(database, NODE)
    assert not await policy.may_exchange("b.example")
    await database.write(set_rule, "b.example", RuleAction.ALLOW)
    clock[0] = 2.1
    assert await policy.may_exchange("b.example")
    await database.write(set_rule, "b.example", RuleAction.BLOCK)
    clock[0] = 4.2
    assert not await policy.may_exchange("b.example")


# Agreements.


def agreed(
    tx: Tx, authority: str, *, until: int | None = None, ended_at: int | None = None
) -> None:
    row = AgreementRow(
        origin_id=origin_id(tx, f"https://{authority}"),
        kind=AgreementKind.PARTNER,
        since=0,
        until=until,
        active=ended_at is None,
        uri="",
        directory=Directory.NONE,
        contact="",
        ended_at=ended_at,
    )
    put_agreement(tx, row, frozenset())


def named(tx: Tx, authority: str, *, ours: bool = True, lapses_at: int | None = None) -> None:
    row = OfferRow(
        uri=f"https://{authority}/{tx.now}{ours}{lapses_at}",
        domain=authority,
        ours=ours,
        code_hash="",
        body=b"{}",
        state=OfferState.WAITING,
        made_at=tx.now,
        lapses_at=tx.now + 1 if lapses_at is None else lapses_at,
    )
    put_offer(tx, row)


def test_an_agreement_admits_its_node_while_it_stands(tx: Tx) -> None:
    agreed(tx, "b.example")
    agreed(tx, "soon.example:8443", until=tx.now + 1)
    agreed(tx, "over.example", until=tx.now)
    agreed(tx, "ended.example", ended_at=tx.now)
    assert may_exchange(tx, NODE, "B.example")
    assert may_exchange(tx, NODE, "soon.example:8443")
    for host in ("over.example", "ended.example", "sub.b.example", "b.example:444", "soon.example"):
        assert not may_exchange(tx, NODE, host)
    assert not may_exchange(tx, CLOSED, "b.example")
    set_rule(tx, "example", RuleAction.BLOCK)
    assert not may_exchange(tx, NODE, "b.example")
    assert not may_talk(tx, NODE, "b.example")


def test_who_was_named_in_an_offer_is_heard_on_that_alone(tx: Tx) -> None:
    named(tx, "b.example")
    named(tx, "late.example", lapses_at=tx.now)
    named(tx, "theirs.example", ours=False)
    assert may_talk(tx, NODE, "B.EXAMPLE")
    assert not may_exchange(tx, NODE, "b.example")
    for host in ("late.example", "theirs.example", "b.example:8443", "sub.b.example", "example"):
        assert not may_talk(tx, NODE, host)
    assert not may_talk(tx, CLOSED, "b.example")
    assert may_talk(tx, OPEN, "anybody.example")
    set_rule(tx, "b.example", RuleAction.BLOCK)
    assert not may_talk(tx, NODE, "b.example")
    assert not may_talk(tx, OPEN, "b.example")


def test_after_the_end_a_node_is_heard_for_a_while(tx: Tx) -> None:
    agreed(tx, "b.example", ended_at=tx.now - FAREWELL_MS + 1)
    agreed(tx, "c.example", ended_at=tx.now - FAREWELL_MS)
    agreed(tx, "over.example", until=tx.now)
    assert may_talk(tx, NODE, "b.example")
    assert may_talk(tx, NODE, "over.example")
    assert not may_talk(tx, NODE, "c.example")
    assert not may_exchange(tx, NODE, "b.example")


def test_naming_admits_one_domain_and_no_blocked_one(tx: Tx) -> None:
    asks = naming("b.example")
    assert asks(tx, NODE, "b.example")
    for host in ("c.example", "sub.b.example", "b.example:8443"):
        assert not asks(tx, NODE, host)
    assert not asks(tx, CLOSED, "b.example")
    set_rule(tx, "b.example", RuleAction.BLOCK)
    assert not asks(tx, NODE, "b.example")
