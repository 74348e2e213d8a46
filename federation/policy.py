"""Whom this node exchanges anything with, asked before every fetch, delivery and verification.

`closed`: nobody. `partners`: exactly the hosts that an admin allowed, and the nodes with which an
agreement stands. `open`: all but the blocked. A block covers everything below its name, on any
port (O16); an allowance covers one host and port, and so does an agreement.

Less is asked of who only speaks of an agreement (protocol §3): whom an admin here named in an offer
is heard on that, before both have signed, and on its end for some time afterwards.
"""

from collections.abc import Callable
from typing import Final

from domain.addresses import BadUrl, canonical_authority, parse_url
from domain.agreements import FAREWELL_MS
from domain.kinds import RuleAction
from domain.node import Federation, Node
from federation.recent import Recent
from storage.database import Database
from storage.queries import agreements, offers
from storage.queries.origins import DomainRule, matching_rules
from storage.tx import Tx

Asks = Callable[[Tx, Node, str], bool]


def may_exchange(tx: Tx, node: Node, host: str) -> bool:
    """Whether this node talks to `host[:port]`, in any spelling. Our own is always allowed."""
    authority = _canonical(host)
    if authority is None:
        return False
    if _is_own(node, authority):
        return True
    if node.federation is Federation.CLOSED:
        return False
    rules = matching_rules(tx, authority)
    if _decided(rules, authority, node.federation):
        return True
    return not _is_blocked(rules) and agreements.is_standing(tx, authority)


def may_talk(tx: Tx, node: Node, host: str) -> bool:
    """Whether this node speaks with `host[:port]` of an agreement, if of nothing else.

    With whom it exchanges everything, with whom an admin offered one to, and with whom had one.
    """
    authority = _canonical(host)
    if authority is None or node.federation is Federation.CLOSED:
        return False
    if _is_blocked(matching_rules(tx, authority)):
        return False
    return (
        offers.is_named(tx, authority)
        or agreements.is_heard(tx, authority, since=tx.now - FAREWELL_MS)
        or may_exchange(tx, node, host)
    )


def may_look_at(tx: Tx, node: Node, host: str) -> bool:
    """Whether this node looks at web pages of `host[:port]` to which people link, as anybody.

    Whoever is blocked is not looked at; a closed node looks at nobody, and one that does not want
    to look at pages does not either. Whom it exchanges activities with is another question.
    """
    authority = _canonical(host)
    if authority is None or not node.looks_at_pages:
        return False
    return not _is_blocked(matching_rules(tx, authority))


def naming(authority: str) -> Asks:
    """`may_talk`, when an admin names this domain at this moment by accepting its offer."""

    def may_talk_to_named(tx: Tx, node: Node, host: str) -> bool:
        if node.federation is Federation.CLOSED or _is_blocked(matching_rules(tx, authority)):
            return False
        return _canonical(host) == authority

    return may_talk_to_named


class Policy:
    """The same question for asynchronous code, with answers kept for at most two seconds.

    `asks`: which of the questions; `may_exchange` unless said otherwise.
    """

    def __init__(self, db: Database, node: Node, asks: Asks = may_exchange) -> None:
        self._db = db
        self._node = node
        self._asks: Final = asks
        self._answers: Recent[str, bool] = Recent()

    async def may_exchange(self, host: str) -> bool:
        """Whether this node talks to `host[:port]`."""
        known = self._answers.get(host)
        if known is not None:
            return known
        return self._answers.put(host, await self._db.read(self._asks, self._node, host))


def _canonical(host: str) -> str | None:
    try:
        return canonical_authority(host)
    except BadUrl:
        return None


def _is_own(node: Node, authority: str) -> bool:
    return authority in {parse_url(node.origin).authority, _canonical(node.handle_domain)}


def _decided(rules: list[DomainRule], authority: str, mode: Federation) -> bool:
    if _is_blocked(rules):
        return False
    if mode is Federation.OPEN:
        return True
    return any(rule.action is RuleAction.ALLOW and rule.pattern == authority for rule in rules)


def _is_blocked(rules: list[DomainRule]) -> bool:
    return any(rule.action is RuleAction.BLOCK for rule in rules)
