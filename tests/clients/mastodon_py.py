"""Mastodon.py as it is installed, signed in by OAuth's code with the out-of-band page."""

from collections.abc import Callable
from typing import Any

from mastodon import Mastodon

from tests.clients.browser import allow
from tests.clients.serving import PASSWORD, ServedNode, seen

SCOPES = ["read", "write", "follow", "push"]
TIMEOUT = 40


def log_in(node: ServedNode, handle: str) -> Mastodon:
    """Register an app, let the person allow it in a browser, exchange the code."""
    client_id, secret = Mastodon.create_app(
        "Notes for learners", scopes=SCOPES, api_base_url=node.url, request_timeout=TIMEOUT
    )
    client = Mastodon(client_id, secret, api_base_url=node.url, request_timeout=TIMEOUT)
    address = client.auth_request_url(scopes=SCOPES, allow_http=True)
    code = allow(address, handle, PASSWORD)
    client.log_in(code=code, scopes=SCOPES, allow_http=True)
    return client


def sees(client: Mastodon, words: str, timeline: Callable[..., list[Any]] | None = None) -> Any:
    """Wait until a timeline (home, if none is given) shows these words; the status."""
    look = timeline or client.timeline_home

    def found() -> Any:
        return next((status for status in look() if words in shown(status)), None)

    return seen(found, f"{words!r} in a timeline of Mastodon.py")


def shown(status: Any) -> str:
    """The HTML of a status, or of the one that it shares."""
    content: str = (status.reblog or status).content
    return content


def notified(client: Mastodon, kind: str, by: str, about: str = "") -> Any:
    """Wait for a notification of this kind by somebody, about a post with these words."""

    def fits(notification: Any) -> bool:
        content = notification.status.content if notification.status else ""
        return notification.account.acct == by and about in content

    def found() -> Any:
        return next(filter(fits, client.notifications(types=[kind])), None)

    return seen(found, f"a {kind} by {by}: {about}")


def find(client: Mastodon, what: str, kind: str = "accounts") -> Any:
    """The account behind `@name@host`, or the post behind a URL, resolved by the node.

    One search waits for five seconds; what comes later is kept for the next.
    """

    def found() -> Any:
        return getattr(client.search_v2(what, resolve=True, result_type=kind), kind)

    return seen(found, f"{what} among {kind}")[0]
