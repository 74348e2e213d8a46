"""What the decoders of real apps demand, app by app (mastodon-api.md §2).

Written from what was seen in the apps, not from our types: each is a small model of one app's
decoder, which throws a whole page away over one field.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

Json = Any
_THREE_DIGITS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_VISIBILITIES = {"public", "unlisted", "private", "direct"}


class DecodingError(AssertionError):
    """An app would show an error instead of the page."""


def _there(value: Json, names: Iterable[str], what: str) -> None:
    lacking = [name for name in names if value.get(name) is None]
    if lacking:
        raise DecodingError(f"{what} without {lacking}")


def _with_what_it_holds(status: Json) -> list[Json]:
    """A status, what it shares and what it quotes."""
    shared = status["reblog"]
    quoted = (status.get("quote") or {}).get("quoted_status")
    inner = [one for one in (shared, quoted) if one]
    return [status, *(each for one in inner for each in _with_what_it_holds(one))]


class Phanpy:
    """Broken by these alone, of 84 mutations of a home timeline that were tried."""

    @staticmethod
    def status(value: Json) -> None:
        """Raises DecodingError."""
        for one in _with_what_it_holds(value):
            _there(one, ("id", "account", "content", "media_attachments"), "a status")
            _there(one["account"], ("username", "acct"), "an account")


class Tusky:
    """Moshi: what is not nullable in Kotlin must be there; what has a default may not be null."""

    _STATUS = (
        *("id", "account", "content", "created_at", "emojis", "reblogs_count", "favourites_count"),
        *("replies_count", "sensitive", "spoiler_text", "visibility", "media_attachments"),
        "mentions",
    )
    _NEVER_NULL = ("tags", "favourited", "reblogged", "bookmarked", "pinned", "muted", "filtered")
    _ACCOUNT = ("id", "username", "acct", "created_at", "note", "url", "avatar", "header")
    _RELATIONSHIP = (
        *("id", "following", "followed_by", "blocking", "muting", "muting_notifications"),
        *("requested", "showing_reblogs", "domain_blocking"),
    )

    @classmethod
    def status(cls, value: Json) -> None:
        """Raises DecodingError."""
        for one in _with_what_it_holds(value):
            _there(one, cls._STATUS, "a status")
            _there(one, [name for name in cls._NEVER_NULL if name in one], "a status")
            _there(one["account"], cls._ACCOUNT, "an account")
            poll = one["poll"]
            if poll is not None and poll.get("own_votes", []) is None:
                raise DecodingError("a poll with own_votes null")

    @classmethod
    def relationship(cls, value: Json) -> None:
        """Raises DecodingError."""
        _there(value, cls._RELATIONSHIP, "a relationship")

    @staticmethod
    def instance(value: Json) -> None:
        """Raises DecodingError."""
        _there(value, ("domain", "version"), "an instance")


class IceCubes:
    """Codable: types and enumerations are exact, addresses must parse, dates have three digits."""

    _POLLS = ("max_options", "max_characters_per_option", "min_expiration", "max_expiration")

    @classmethod
    def status(cls, value: Json) -> None:
        """Raises DecodingError."""
        for one in _with_what_it_holds(value):
            if one["visibility"] not in _VISIBILITIES:
                raise DecodingError(f"visibility {one['visibility']}")
            cls.date(one["created_at"])
            cls.account(one["account"])
            for match in one["filtered"]:
                if match["filter"]["filter_action"] not in {"warn", "hide"}:
                    raise DecodingError("a filter's action")

    @classmethod
    def account(cls, value: Json) -> None:
        """Raises DecodingError."""
        _there(value, ("fields", "emojis", "locked", "bot"), "an account")
        cls.date(value["created_at"])
        for name in ("avatar", "header"):
            cls.address(value[name])

    @staticmethod
    def date(value: Json) -> None:
        """Raises DecodingError: any other date would silently become now."""
        if not _THREE_DIGITS.fullmatch(value):
            raise DecodingError(f"{value} would become now")

    @staticmethod
    def address(value: Json) -> None:
        """Raises DecodingError."""
        if not value or not value.isascii() or not urlsplit(value).netloc:
            raise DecodingError(f"{value!r} is no URL")

    @staticmethod
    def application(value: Json) -> None:
        """Raises DecodingError."""
        _there(value, ("id", "name", "redirect_uri", "client_id", "client_secret"), "an app")

    @staticmethod
    def token(value: Json) -> None:
        """Raises DecodingError."""
        _there(value, ("access_token", "token_type", "scope"), "a token")
        if isinstance(value["created_at"], bool) or not isinstance(value["created_at"], int):
            raise DecodingError("a token's created_at")

    @classmethod
    def instance(cls, value: Json) -> None:
        """Raises DecodingError."""
        _there(value, ("title", "domain", "version", "thumbnail"), "an instance")
        _there(value["contact"], ("email",), "a contact")
        _there(value["registrations"], ("enabled",), "registrations")
        configuration = value["configuration"]
        _there(configuration["statuses"], ("max_characters", "max_media_attachments"), "statuses")
        _there(configuration["polls"], cls._POLLS, "polls")
        # It reads features from the first three characters.
        if float(value["version"][:3]) < 4.3:
            raise DecodingError(f"version {value['version']} has no groups of notifications")

    @staticmethod
    def group(value: Json) -> None:
        """Raises DecodingError."""
        newest = value["most_recent_notification_id"]
        if not isinstance(newest, int) or newest >= 2**53:
            raise DecodingError("most_recent_notification_id")

    @staticmethod
    def frame(value: Json) -> None:
        """Raises DecodingError."""
        if not isinstance(value["stream"], list) or not isinstance(value["payload"], str):
            raise DecodingError("a frame")
        _there(value, ("event",), "a frame")
