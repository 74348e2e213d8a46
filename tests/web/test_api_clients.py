"""A client library that others wrote, unmodified, against a running node: Mastodon.py."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from mastodon import Mastodon

from tests.support.nodes import Person, RunningNode


def client(person: Person) -> Any:
    # It raises where the rate limit headers or the clock's `Date` cannot be read.
    return Mastodon(
        api_base_url=person.node.base,
        access_token=person.token,
        ratelimit_method="throw",
        version_check_mode="created",
    )


async def run(work: Callable[..., Any], *given: Any) -> Any:
    """The library blocks, so it gets a thread."""
    return await asyncio.to_thread(work, *given)


@pytest.mark.both
async def test_mastodon_py_writes_reads_and_pages(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    def story() -> None:
        one, other = client(ana), client(bo)
        assert one.me().acct == "ana"
        assert other.account_follow(one.me()).following
        posted = [one.status_post(f"Number {n} #tag", visibility="public") for n in range(3)]
        home = other.timeline_home(limit=2)
        assert [post.id for post in home] == [posted[2].id, posted[1].id]
        assert [post.id for post in other.fetch_next(home)] == [posted[0].id]
        assert home[0].created_at.tzinfo is not None
        assert [post.id for post in other.timeline_hashtag("tag")] == [
            post.id for post in posted[::-1]
        ]
        reply = other.status_reply(one.status(posted[0]), "And back")
        assert [post.id for post in one.status_context(posted[0]).descendants] == [reply.id]
        assert other.status_favourite(posted[0]).favourited
        assert other.status_reblog(posted[0]).reblog.id == posted[0].id
        told = {line.type for line in one.notifications()}
        assert told == {"follow", "mention", "favourite", "reblog"}
        one.status_update(posted[0], "Changed")
        assert "Changed" in other.status(posted[0]).content
        assert len(other.status_history(posted[0])) == 2
        one.status_delete(posted[0])

    await run(story)


async def test_mastodon_py_starts_like_any_app(node: RunningNode, ana: Person) -> None:
    def story() -> None:
        mine = client(ana)
        assert mine.instance().version.startswith("4.5.0")
        assert mine.instance_v1().uri == node.host
        assert mine.instance_health()
        assert mine.retrieve_mastodon_version() == "4.5.0"
        for ask in (
            *(mine.lists, mine.filters, mine.filters_v2, mine.custom_emojis, mine.announcements),
            *(mine.bookmarks, mine.blocks, mine.mutes, mine.domain_blocks, mine.conversations),
            *(mine.trending_tags, mine.scheduled_statuses, mine.follow_requests, mine.favourites),
            *(mine.suggestions, mine.followed_tags),
        ):
            assert list(ask()) == []
        assert mine.preferences()["posting:default:visibility"] == "public"
        assert mine.account_update_credentials(display_name="Ana A.").display_name == "Ana A."
        assert mine.search("ana").accounts[0].acct == "ana"

    await run(story)
