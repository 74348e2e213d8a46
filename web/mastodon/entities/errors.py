"""What a refusal looks like: the same object for every route (mastodon-api.md §3)."""

from typing import NotRequired, TypedDict


class Detail(TypedDict):
    """What is wrong with one field of a form."""

    error: str
    description: str


class Error(TypedDict):
    """A refusal; `error_description` from OAuth, `details` by field where a form is refused."""

    error: str
    error_description: NotRequired[str]
    details: NotRequired[dict[str, list[Detail]]]
