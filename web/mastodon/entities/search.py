"""What was found (Search)."""

from typing import TypedDict

from web.mastodon.entities.accounts import Account
from web.mastodon.entities.statuses import Status
from web.mastodon.entities.tags import Tag


class Search(TypedDict):
    """People and communities, posts, tags: all three lists, whatever was asked for."""

    accounts: list[Account]
    statuses: list[Status]
    hashtags: list[Tag]
