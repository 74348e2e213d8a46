"""Every route is a declaration, and every declaration says who may call it."""

import re
from collections import Counter
from typing import Any

import pytest

from social.scopes import KNOWN
from tests.support.nodes import RunningNode
from web.authentication import LEAST_ROLE
from web.mastodon import tables
from web.routes import Access, Body, Route, change
from web.tables import ROUTES

PEOPLE = frozenset(LEAST_ROLE)
# For people, with no scope of its own in the Mastodon API.
WITHOUT_SCOPE = frozenset({"/api/v1/announcements"})

# A POST that reads.
CHANGES_NOTHING = frozenset({"/oauth/userinfo", "/api/v1/statuses/{id}/translate"})
# Signing up: there is no person yet.
FOR_APPS = frozenset({"/api/v1/accounts"})


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_no_route_is_declared_twice() -> None:
    assert [name for name, count in Counter(map(named, ROUTES)).items() if count > 1] == []


@pytest.mark.parametrize("route", tables.ROUTES, ids=named)
def test_api_routes_say_who_may_call_them(route: Route) -> None:
    assert route.access not in {Access.SERVER, Access.BROWSER, Access.SIGNED_IN}
    assert all(scope in KNOWN for scope in route.scopes)
    if route.access in PEOPLE and route.path not in WITHOUT_SCOPE:
        assert route.scopes, "a route for people needs a scope"
    if route.access is Access.OPEN:
        assert not route.scopes


@pytest.mark.parametrize("route", [r for r in tables.ROUTES if r.method != "GET"], ids=named)
def test_whatever_changes_something_needs_a_write_scope(route: Route) -> None:
    if route.access is Access.OPEN or route.path in CHANGES_NOTHING:
        return
    assert route.access in PEOPLE or route.path in FOR_APPS
    assert all(scope.startswith("write:") or scope == "push" for scope in route.scopes)


def test_put_and_patch_come_together() -> None:
    methods: dict[str, set[str]] = {}
    for route in tables.ROUTES:
        methods.setdefault(route.path, set()).add(route.method)
    alone = [path for path, found in methods.items() if len(found & {"PUT", "PATCH"}) == 1]
    assert alone == []
    assert [route.method for route in change("/x", tables.ROUTES[0].handler, Access.OPEN)] == [
        "PUT",
        "PATCH",
    ]


def test_only_uploads_leave_their_body_unread() -> None:
    unread = {route.path for route in ROUTES if route.body is Body.UNREAD}
    profiles = {"/api/v1/accounts/update_credentials", "/api/v1/profile"}
    assert unread == {"/api/v1/media", "/api/v2/media"} | profiles


async def test_Z01_the_router_holds_declared_routes_and_nothing_else(node: RunningNode) -> None:
    from server.wiring import web_app

    router: Any = web_app(node.parts).router
    found = {(route.method, route.resource.canonical) for route in router.routes()}
    declared = {(route.method, route.path) for route in ROUTES}
    declared |= {("POST", "/inbox"), ("POST", "/a/{id}/inbox")}
    declared |= {("HEAD", path) for method, path in declared if method == "GET"}
    declared |= {(method, f"{path.rstrip('/')}/") for method, path in declared}
    assert found == declared


def test_our_table_covers_what_mastodon_clients_ask_when_they_start() -> None:
    """The P0 rows of mastodon-api.md §1, and what §2 saw clients ask."""
    there = {(route.method, re.sub(r"\{\w+\}", ":x", route.path)) for route in tables.ROUTES}
    wanted = {
        ("GET", "/api/v1/accounts/:x"),
        ("GET", "/api/v1/accounts/:x/statuses"),
        ("GET", "/api/v1/accounts/relationships"),
        ("GET", "/api/v1/accounts/verify_credentials"),
        ("GET", "/api/v1/announcements"),
        ("POST", "/api/v1/apps"),
        ("GET", "/api/v1/custom_emojis"),
        ("GET", "/api/v1/filters"),
        ("GET", "/api/v2/filters"),
        ("GET", "/api/v1/followed_tags"),
        ("GET", "/health"),
        ("GET", "/api/v1/instance"),
        ("GET", "/api/v2/instance"),
        ("GET", "/api/v1/lists"),
        ("GET", "/api/v1/markers"),
        ("POST", "/api/v1/markers"),
        ("POST", "/api/v1/media"),
        ("POST", "/api/v2/media"),
        ("GET", "/api/v1/media/:x"),
        ("PUT", "/api/v1/media/:x"),
        ("GET", "/api/v1/notifications"),
        ("POST", "/oauth/revoke"),
        ("POST", "/oauth/token"),
        ("GET", "/api/v1/preferences"),
        ("GET", "/api/v2/search"),
        ("POST", "/api/v1/statuses"),
        ("GET", "/api/v1/statuses/:x"),
        ("DELETE", "/api/v1/statuses/:x"),
        ("GET", "/api/v1/statuses/:x/context"),
        ("POST", "/api/v1/statuses/:x/favourite"),
        ("POST", "/api/v1/statuses/:x/reblog"),
        ("POST", "/api/v1/statuses/:x/unfavourite"),
        ("POST", "/api/v1/statuses/:x/unreblog"),
        ("GET", "/api/v1/streaming"),
        ("GET", "/api/v1/streaming/health"),
        ("GET", "/api/v1/streaming/user"),
        ("GET", "/api/v1/timelines/home"),
        ("GET", "/.well-known/oauth-authorization-server"),
    }
    assert wanted - there == set()
