"""Whom this node exchanges anything with, asked before every fetch, delivery and verification.

`closed`: nobody. `partners`: exactly the hosts that an admin allowed. `open`: all but the blocked.
A block covers everything below its name, on any port (O16); an allowance covers one host and port.
"""

from domain.addresses import BadUrl, canonical_authority, parse_url
from domain.kinds import RuleAction
from domain.node import Federation, Node
from federation.recent import Recent
from storage.database import Database
from storage.queries.origins import DomainRule, matching_rules
from storage.tx import Tx


def may_exchange(tx: Tx, node: Node, host: str) -> bool:
    """Whether this node talks to `host[:port]`, in any spelling. Our own is always allowed."""
    authority = _canonical(host)
    if authority is None:
        return False
    if _is_own(node, authority):
        return True
    if node.federation is Federation.CLOSED:
        return False
    return _decided(matching_rules(tx, authority), authority, node.federation)


class Policy:
    """The same question for asynchronous code, with answers kept for at most two seconds."""

    def __init__(self, db: Database, node: Node) -> None:
        self._db = db
        self._node = node
        self._answers: Recent[str, bool] = Recent()

    async def may_exchange(self, host: str) -> bool:
        """Whether this node talks to `host[:port]`."""
        known = self._answers.get(host)
        if known is not None:
            return known
        return self._answers.put(host, await self._db.read(may_exchange, self._node, host))


def _canonical(host: str) -> str | None:
    try:
        return canonical_authority(host)
    except BadUrl:
        return None


def _is_own(node: Node, authority: str) -> bool:
    return authority in {parse_url(node.origin).authority, _canonical(node.handle_domain)}


def _decided(rules: list[DomainRule], authority: str, mode: Federation) -> bool:
    if any(rule.action is RuleAction.BLOCK for rule in rules):
        return False
    if mode is Federation.OPEN:
        return True
    return any(rule.action is RuleAction.ALLOW and rule.pattern == authority for rule in rules)
