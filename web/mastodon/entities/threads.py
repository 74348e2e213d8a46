"""A thread as apps ask for it (Context), and whether the rest of it is being fetched."""

from typing import Literal, TypedDict

from web.mastodon.entities.formats import Count, Id
from web.mastodon.entities.statuses import Status


class Missing(TypedDict):
    """What is not here of a thread: a field of ours, which apps ignore."""

    ancestors_cut: bool
    descendants_cut: bool
    parent_missing: bool
    replies_missing: bool
    fetching: bool


class Context(TypedDict):
    """What stands above and below a post."""

    ancestors: list[Status]
    descendants: list[Status]
    tertulia: Missing


class AsyncRefresh(TypedDict):
    """Whether the asking of other servers has ended."""

    id: Id
    status: Literal["running", "finished"]
    result_count: Count


class WrappedRefresh(TypedDict):
    """As Mastodon wraps it."""

    async_refresh: AsyncRefresh
