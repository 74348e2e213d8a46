"""`tertulia community withdraw …`: what an operator does in an open community."""

import pytest

from domain.kinds import Acceptance, Deed, MembershipState
from server.settings import load
from social.posts import Draft, create_post
from storage.database import run_once
from storage.queries import closed, communities, pins, posts
from storage.queries.actors import local_by_handle
from storage.tx import Tx
from storage.views.posts import PostRow
from tests.server.test_cli import Run, run
from tests.server.test_cli_communities import HANDLE, community, launched, member

__all__ = ["run"]


def said(text: str = f"@{HANDLE} Use your knees.", by: str = "bo") -> PostRow:
    settings = load()

    def write(tx: Tx) -> PostRow:
        author = local_by_handle(tx, by)
        assert author is not None
        made = create_post(tx, node=settings.node(), author_id=author.id, draft=Draft(text))
        return now(tx, made.post_id)

    return run_once(settings.database, write)


def now(tx: Tx, post_id: int) -> PostRow:
    row = posts.by_id(tx, post_id)
    assert row is not None
    return row


def stands(post_id: int) -> bool:
    def read(tx: Tx) -> bool:
        row = now(tx, post_id)
        shown = posts.share_of(tx, post_id, row.place_id or 0) is not None
        assert shown is (row.acceptance is Acceptance.ACCEPTED)
        return shown

    return run_once(load().database, read)


def done(run: Run, *words: str) -> str:
    result = run("community", *words)
    assert (result.exit_code, result.stderr) == (0, "")
    return str(result.stdout)


def refused(run: Run, *words: str) -> str:
    result = run("community", *words)
    assert result.exit_code == 1
    return str(result.stderr)


def test_a_post_is_taken_out_and_put_back(run: Run) -> None:
    launched(run, "--preset", "world")
    post = said()
    assert stands(post.id)
    told = done(run, "withdraw", HANDLE, post.url, "--reason", "off-topic")
    assert f"restore {HANDLE} {post.url}" in told
    assert not stands(post.id)
    done(run, "withdraw", HANDLE, post.uri)  # again changes nothing
    done(run, "restore", HANDLE, post.uri)
    assert stands(post.id)
    community_id = community().actor_id
    log = run_once(load().database, lambda tx: communities.log_of(tx, community_id))
    assert [one.deed for one in log][-2:] == [Deed.WITHDRAWN, Deed.RESTORED]
    assert log[-2].reason == "off-topic"


def test_a_thread_is_closed_and_goes_on(run: Run) -> None:
    launched(run, "--preset", "world")
    post = said()

    def is_closed() -> bool:
        return run_once(load().database, lambda tx: closed.is_closed(tx, post.id))

    done(run, "close", HANDLE, post.url)
    assert is_closed()
    done(run, "reopen", HANDLE, post.url)
    assert not is_closed()


def test_posts_are_featured_and_taken_down(run: Run) -> None:
    launched(run, "--preset", "world")
    post, community_id = said(), community().actor_id

    def featured() -> list[int]:
        return run_once(load().database, lambda tx: pins.of(tx, community_id))

    done(run, "feature", HANDLE, post.url)
    assert featured() == [post.id]
    done(run, "feature", HANDLE, post.url, "--off")
    assert featured() == []


def test_somebody_is_shut_out_and_may_come_again(run: Run) -> None:
    launched(run, "--preset", "world")
    assert "This is a steward" in refused(run, "ban", HANDLE, "bo")
    done(run, "role", HANDLE, "bo", "member")
    assert "The end date has passed" in refused(run, "ban", HANDLE, "bo", "--until", "2020-01-01")
    done(run, "ban", HANDLE, "bo", "--reason", "spam", "--until", "2199-12-31")
    row = member("bo")
    assert row is not None
    assert (row.state, row.until is not None) == (MembershipState.BANNED, True)
    assert "No one" not in refused(run, "approve", HANDLE, "bo")
    done(run, "unban", HANDLE, "bo")
    row = member("bo")
    assert row is not None
    assert row.state is MembershipState.LEFT


@pytest.mark.parametrize("preset", ["here", "members", "partners"])
def test_other_communities_are_not_moderated_so(run: Run, preset: str) -> None:
    launched(run, "--preset", preset)
    post = said()
    for words in (("withdraw", HANDLE, post.url), ("close", HANDLE, post.url)):
        assert "no community that is open to the world" in refused(run, *words)
    assert refused(run, "ban", HANDLE, "bo")
    assert stands(post.id)


def test_what_is_not_there_is_named(run: Run) -> None:
    launched(run, "--preset", "world")
    elsewhere = said("in no community", by="ana")
    for address in ("https://far.example/1", elsewhere.url):
        assert f"There is no post {address}" in refused(run, "withdraw", HANDLE, address)
    assert "Nobody is known as nobody" in refused(run, "ban", HANDLE, "nobody")
