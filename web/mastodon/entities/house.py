"""What this node tells everybody at length: rules, texts, whom it talks to; and what it does not.

There are no figures about people (protocol §8).
"""

from hashlib import sha256
from typing import Final, Literal, TypedDict

from social.house import Written
from storage.queries.house import RuleRow, TextRow
from storage.queries.origins import DomainRule
from web.mastodon.entities.formats import Day, Id, Moment
from web.mastodon.entities.times import moment

WEEKS: Final = 12
WEEK_SECONDS: Final = 7 * 86_400


class Rule(TypedDict):
    """What people here agreed on, in this node's one language."""

    id: Id
    text: str
    hint: str
    translations: dict[str, str]


class ExtendedDescription(TypedDict):
    """What this node is for, at length."""

    updated_at: Moment
    content: str


class PrivacyPolicy(TypedDict):
    """What is kept of people, and where it goes."""

    updated_at: Moment
    content: str


class TermsOfService(TypedDict):
    """What everybody agreed to; `succeeded_by` is the day from which others hold."""

    effective_date: Day
    effective: bool
    content: str
    succeeded_by: Day | None


class DomainBlock(TypedDict):
    """A server that this node does not talk to; `digest` is the SHA-256 of its name."""

    domain: str
    digest: str
    severity: Literal["silence", "suspend"]
    comment: str


class Week(TypedDict):
    """A week of which nothing is told."""

    week: str
    statuses: str
    logins: str
    registrations: str


class Language(TypedDict):
    """A language of this node."""

    code: str
    name: str


class TranslationLanguages(TypedDict):
    """Into what is translated, by language: nothing is."""


LANGUAGES: Final[list[Language]] = [{"code": "en", "name": "English"}]


def rule(row: RuleRow) -> Rule:
    """One of the rules; apps show the hint below it."""
    return {"id": str(row.id), "text": row.text, "hint": row.hint, "translations": {}}


def extended_description(text: Written) -> ExtendedDescription:
    """GET /api/v1/instance/extended_description."""
    return {"updated_at": moment(text.since), "content": text.content}


def privacy_policy(text: Written) -> PrivacyPolicy:
    """GET /api/v1/instance/privacy_policy."""
    return {"updated_at": moment(text.since), "content": text.content}


def terms_of_service(row: TextRow, followed_by: str | None, today: str) -> TermsOfService:
    """GET /api/v1/instance/terms_of_service, of today or of another day."""
    holds = row.holds_from <= today and (followed_by is None or today < followed_by)
    return {
        "effective_date": row.holds_from,
        "effective": holds,
        "content": row.content,
        "succeeded_by": followed_by,
    }


def domain_block(row: DomainRule) -> DomainBlock:
    """A server that is blocked, with the reason that was written down."""
    return {
        "domain": row.pattern,
        "digest": sha256(row.pattern.encode()).hexdigest(),
        "severity": "suspend",
        "comment": row.reason,
    }


def quiet_weeks(now: int) -> list[Week]:
    """Twelve weeks of zeros, since nobody is watched (protocol §8). `now` in ms UTC."""
    this_week = now // 1000 // WEEK_SECONDS * WEEK_SECONDS
    return [
        {
            "week": str(this_week - back * WEEK_SECONDS),
            "statuses": "0",
            "logins": "0",
            "registrations": "0",
        }
        for back in range(WEEKS)
    ]
