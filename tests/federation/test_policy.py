"""Whom this node talks to, in every spelling."""

from dataclasses import replace

import pytest

from domain.kinds import RuleAction
from domain.node import Federation, Node
from federation.policy import Policy, may_exchange
from storage.database import Database
from storage.queries.origins import set_rule
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
