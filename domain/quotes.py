"""Who may quote a post, and what became of a quote (FEP-044f).

Consent is the author's: a policy says whom it is given without asking, and every single quote is
accepted, refused or taken back on its own. A policy never reaches further than the post's audience
(protocol §1): who may not read a post cannot quote it, whatever its author allows.
"""

from collections.abc import Sequence
from enum import IntEnum, IntFlag
from typing import Final

from domain.addressing import may_share
from domain.audience import Audience, Kind, includes
from domain.text import link


class QuotePolicy(IntFlag):
    """Whom an author lets quote a post; numbers are stored. Nothing: the author alone."""

    NOBODY = 0
    PUBLIC = 1
    FOLLOWERS = 2
    FOLLOWING = 4
    OTHERS = 8  # somebody whom we cannot work out
    ASK_PUBLIC = 16
    ASK_FOLLOWERS = 32
    ASK_FOLLOWING = 64
    ASK_OTHERS = 128


class QuoteState(IntEnum):
    """What the quoted author said of one quote; numbers are stored."""

    PENDING = 1
    ACCEPTED = 2
    REJECTED = 3
    REVOKED = 4


class Standing(IntEnum):
    """What happens if somebody quotes a post; the numbers are what statements answer."""

    DENIED = 0
    AUTOMATIC = 1
    MANUAL = 2
    UNKNOWN = 3


_INSIDE: Final = frozenset({Kind.NETWORK, Kind.NODE, Kind.COMMUNITY})

CHOICES: Final = {
    "public": QuotePolicy.PUBLIC,
    "followers": QuotePolicy.FOLLOWERS,
    "nobody": QuotePolicy.NOBODY,
}
"""What people choose from, in the words of the client API."""


def may_be_quoted(audience: Audience, root: Audience) -> bool:
    """Whether a post with this pair and root's pair may be quoted at all, by whomever."""
    return may_share(audience, root)


def reaches_elsewhere(audience: Audience, root: Audience) -> bool:
    """Whether people of other servers may quote it: only what anybody may read."""
    return audience.kind is Kind.PUBLIC and root.kind is Kind.PUBLIC


def is_inside(audience: Audience, root: Audience) -> bool:
    """Whether a post with this pair is read by people of our nodes alone.

    Nobody outside learns that there is such a post; so nobody outside is asked whether it may quote
    them, and their policy is the consent that there is (docs/decisions/0021).
    """
    return bool({audience.kind, root.kind} & _INSIDE)


def stays_inside(quoted: Sequence[Audience], quoting: Sequence[Audience]) -> bool:
    """Whether everybody who reads by both pairs `quoting` reads by both pairs `quoted`."""
    return all(any(includes(wider, narrower) for narrower in quoting) for wider in quoted)


def standing(
    policy: QuotePolicy, *, is_author: bool, follows: bool, is_followed: bool = False
) -> Standing:
    """What happens if somebody quotes a post with this policy who may read and quote it.

    `follows`: whether they follow its author; `is_followed`: whether the author follows them.
    """
    if is_author or policy & QuotePolicy.PUBLIC:
        return Standing.AUTOMATIC
    if (follows and policy & QuotePolicy.FOLLOWERS) or (
        is_followed and policy & QuotePolicy.FOLLOWING
    ):
        return Standing.AUTOMATIC
    if (
        policy & QuotePolicy.ASK_PUBLIC
        or (follows and policy & QuotePolicy.ASK_FOLLOWERS)
        or (is_followed and policy & QuotePolicy.ASK_FOLLOWING)
    ):
        return Standing.MANUAL
    if policy & (QuotePolicy.OTHERS | QuotePolicy.ASK_OTHERS):
        return Standing.UNKNOWN
    return Standing.DENIED


_NAMES: Final = (
    (QuotePolicy.PUBLIC, QuotePolicy.ASK_PUBLIC, "public"),
    (QuotePolicy.FOLLOWERS, QuotePolicy.ASK_FOLLOWERS, "followers"),
    (QuotePolicy.FOLLOWING, QuotePolicy.ASK_FOLLOWING, "following"),
    (QuotePolicy.OTHERS, QuotePolicy.ASK_OTHERS, "unsupported_policy"),
)


def named(policy: QuotePolicy) -> tuple[list[str], list[str]]:
    """Whom a policy lets quote without asking, and whom after asking, as the client API says it."""
    automatic = [name for at_once, _, name in _NAMES if policy & at_once]
    manual = [name for _, asked, name in _NAMES if policy & asked]
    return automatic, manual


def choice_of(policy: QuotePolicy) -> str:
    """What somebody here chose for a post: `public`, `followers` or `nobody`."""
    return next((name for name, chosen in CHOICES.items() if policy & chosen), "nobody")


def linked(quoted_uri: str | None, html: str) -> str:
    """Clean HTML after a link to what it quotes, for whoever knows no quotes.

    Others hide what has this class, as Mastodon does (FEP-044f, "Backward compatibility").
    """
    if quoted_uri is None:
        return html
    return f'<p class="quote-inline">RE: {link(quoted_uri)}</p>{html}'
