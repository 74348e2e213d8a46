"""What the edge does for every request: errors, CORS, slashes, HEAD, limits, headers."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from aiohttp.web import StreamResponse

from domain.errors import Conflict, Gone, Invalid, NotAllowed, NotFound, TooMany
from server.wiring import web_app
from social import apps
from social.signin import SignedOut
from tests.support.commands import done
from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node
from tests.support.strict import check
from web.addresses import address_of
from web.app import make_app
from web.call import Call
from web.errors import (
    BadRequest,
    Elsewhere,
    NotAcceptable,
    Unauthorized,
    status_of,
)
from web.routes import Access, get
from web.services import SERVICES

HOME = "/api/v1/timelines/home"
JSON = {"Content-Type": "application/json"}


async def test_unknown_api_paths_are_json_whatever_is_accepted(node: RunningNode) -> None:
    for accept in ("text/html", "application/json", "*/*"):
        answer = await node.ask("GET", "/api/v1/never/heard", headers={"Accept": accept})
        assert (answer.status, answer.json) == (404, {"error": "Record not found"})
        assert answer.headers["Content-Type"].startswith("application/json")


async def test_a_wrong_method_is_json_and_names_the_right_ones(node: RunningNode) -> None:
    answer = await node.ask("DELETE", HOME)
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    check("error", answer.json)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("application/json, text/plain, */*", 200),
        ("text/html,application/xhtml+xml,application/xml;q=0.9", 200),
        ("*/*", 200),
        ("application/xml", 406),
        ("image/png, application/json;q=0", 406),
    ],
)
async def test_who_can_read_no_json_is_told_so_in_json(
    node: RunningNode, accept: str, status: int
) -> None:
    answer = await node.ask("GET", "/api/v2/instance", headers={"Accept": accept})
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert status == 200 or check("error", answer.json)


async def test_a_clock_is_found_at_the_root(node: RunningNode) -> None:
    answer = await node.ask("HEAD", "/")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Date"].endswith("GMT")


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/api/v1/accounts/verify_credentials", 422, "requires an authenticated user"),
        ("POST", "/api/v1/statuses", 422, "requires an authenticated user"),
        ("GET", "/api/v1/apps/verify_credentials", 200, ""),
        ("GET", "/api/v1/custom_emojis", 200, ""),
    ],
)
async def test_an_apps_own_token_is_no_person(
    node: RunningNode, method: str, path: str, status: int, words: str
) -> None:
    app = await node.db.write(apps.insert_app, name="x", redirect_uris="x:y", wanted="read write")
    issued = await node.db.write(
        apps.issue, app_id=app.app.id, account_id=None, granted="read write"
    )
    headers = {"Authorization": f"Bearer {issued.token}"}
    answer = await node.ask(method, path, headers=headers)
    assert answer.status == status
    assert words in answer.text


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (SignedOut(), 401),
        (Unauthorized(), 401),
        (BadRequest(), 400),
        (NotAllowed(), 403),
        (NotFound(), 404),
        (Conflict(), 409),
        (Gone(), 410),
        (Invalid(), 422),
        (TooMany(), 429),
        (Elsewhere(), 503),
        (NotAcceptable(), 406),
    ],
)
def test_each_refusal_has_its_status(problem: Any, status: int) -> None:
    assert status_of(problem) == status


async def test_scripts_of_other_origins_may_read_answers_and_errors(
    node: RunningNode, ana: Person
) -> None:
    for answer in (
        await ana.ask("GET", HOME),
        await node.ask("GET", HOME),
        await node.ask("GET", "/api/v1/never/heard"),
        await node.ask("POST", "/oauth/token"),
        await node.ask("POST", "/api/v1/apps", data=b"{", headers={"Content-Type": "text/json"}),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == {
            *("Link", "Retry-After", "Mastodon-Async-Refresh"),
            *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
        }
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_preflights_are_answered_alike_for_every_path(node: RunningNode) -> None:
    asked = {
        "Origin": "https://elk.example",
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }
    answers = [
        await node.ask("OPTIONS", path, headers=asked)
        for path in ("/api/v1/statuses/1", "/api/v1/never/heard", "/oauth/token")
    ]
    for answer in answers:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Headers"] == "authorization,idempotency-key"
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            assert method in answer.headers["Access-Control-Allow-Methods"]


async def test_pages_are_not_open_to_scripts_of_other_origins(node: RunningNode) -> None:
    for path in ("/", "/oauth/authorize", "/nodeinfo/2.0"):
        answer = await node.ask("GET", path)
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert (await node.ask("OPTIONS", path)).status in {404, 405}


async def test_a_slash_at_the_end_makes_no_difference(node: RunningNode, ana: Person) -> None:
    for path in ("/api/v2/instance", "/api/v1/instance"):
        plain, slashed = await node.ask("GET", path), await node.ask("GET", f"{path}/")
        assert (slashed.status, slashed.json) == (200, plain.json)
    posted = await ana.ask("POST", "/api/v1/statuses/", json={"status": "With a slash"})
    assert posted.status == 200


async def test_head_answers_like_get_without_a_body(ana: Person) -> None:
    got, headed = await ana.ask("GET", HOME), await ana.ask("HEAD", HOME)
    assert (headed.status, headed.body) == (got.status, b"")
    assert headed.headers["Content-Length"] == got.headers["Content-Length"]


async def test_every_answer_carries_its_fences(node: RunningNode, ana: Person) -> None:
    for answer in (await ana.ask("GET", HOME), await node.ask("GET", "/never/heard")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Server"] == "Tertulia"
        assert "Date" in answer.headers


async def test_api_answers_and_refusals_tell_the_limits(node: RunningNode, ana: Person) -> None:
    for answer in (await ana.ask("GET", HOME), await node.ask("GET", HOME)):
        assert int(answer.headers["X-RateLimit-Remaining"]) <= int(
            answer.headers["X-RateLimit-Limit"]
        )
        assert answer.headers["X-RateLimit-Reset"].endswith("Z")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/never/heard", 404),
        ("DELETE", HOME, 405),
        ("OPTIONS", HOME, 204),
        ("POST", "/api/v1/statuses", 422),
    ],
)
async def test_what_no_route_counts_tells_the_limits_too(
    node: RunningNode, method: str, path: str, status: int
) -> None:
    answer = await node.ask(method, path, data=b"{" if method == "POST" else None, headers=JSON)
    assert answer.status == status
    assert answer.headers["X-RateLimit-Limit"] == answer.headers["X-RateLimit-Remaining"]
    assert answer.headers["X-RateLimit-Reset"].endswith("Z")
    assert "X-RateLimit-Limit" not in (await node.ask(method, "/never/heard")).headers


async def test_A13_strays_are_counted_and_preflights_are_not(
    new_database_url: Callable[[], str],
) -> None:
    url = new_database_url()
    folder = folder_beside(url) / "hq"
    async with running_node(url, folder, rate_limits="on", rates="address=2/5m") as node:
        strays = [await node.ask("GET", "/api/v1/never/heard") for _ in range(3)]
        assert [answer.status for answer in strays] == [404, 404, 429]
        assert int(strays[2].headers["Retry-After"]) > 0
        asked = await node.ask("OPTIONS", HOME, headers={"Origin": "https://elk.example"})
        assert (asked.status, asked.headers["X-RateLimit-Remaining"]) == (204, "0")
        assert (await node.ask("GET", "/health")).status == 200


async def test_a_failure_of_ours_is_json_that_scripts_may_read_and_says_nothing(
    node: RunningNode, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_call: Call) -> StreamResponse:
        raise RuntimeError("the secret of @ana")

    services = web_app(node.parts)[SERVICES]
    broken = make_app(services, own=[get("/api/v1/broken/{name}", fail, Access.OPEN)])
    async with TestClient(TestServer(broken)) as client:
        answer = await client.get("/api/v1/broken/ana", headers={"Accept": "text/html"})
        assert (answer.status, answer.content_type) == (500, "application/json")
        said = check("error", await answer.json())
        assert said["error"] == "Something went wrong on our side"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "X-RateLimit-Limit" in answer.headers
        assert answer.headers["Cache-Control"] == "private, no-store"
    [logged] = [one for one in caplog.records if one.name == "tertulia.web"]
    assert "/api/v1/broken/{name}" in logged.getMessage()


async def test_A13_callers_over_their_limit_wait(
    new_database_url: Callable[[], str],
) -> None:
    url = new_database_url()
    some = "address=3/5m posts=2/3h follows=1/d deletes=1/30m, paging=1/15m"
    async with running_node(url, folder_beside(url) / "hq", rate_limits="on", rates=some) as node:
        ana = await node.person("ana")
        # No header that anybody may write changes who is counted.
        spoofs = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(4)]
        answers = [await node.ask("GET", "/api/v1/instance", headers=spoof) for spoof in spoofs]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert check("error", answers[3].json)
        assert int(answers[3].headers["Retry-After"]) > 0
        assert answers[3].headers["X-RateLimit-Remaining"] == "0"
        assert (await ana.ask("GET", HOME)).status == 200  # people are counted by themselves
        said = [await ana.ask("POST", "/api/v1/statuses", json={"status": "x"}) for _ in range(3)]
        assert [answer.status for answer in said] == [200, 200, 429]
        assert said[1].headers["X-RateLimit-Limit"] == "2", "the limit that is nearest is told"
        assert int(said[2].headers["Retry-After"]) <= 3 * 3600
        one, other = (f"/api/v1/statuses/{answer.json['id']}" for answer in said[:2])
        assert (await ana.ask("DELETE", one)).status == 200
        assert (await ana.ask("POST", f"{other}/unreblog")).status == 429, "they are of one kind"
        assert (await ana.ask("GET", other)).status == 200, "the rest is not held up"


async def test_strangers_who_turn_pages_are_held_up_sooner(
    new_database_url: Callable[[], str],
) -> None:
    url = new_database_url()
    folder = folder_beside(url) / "hq"
    async with running_node(url, folder, rate_limits="on", rates="paging=1/15m") as node:
        path = "/api/v1/timelines/public"
        asked = [await node.ask("GET", path, params={"max_id": "9"}) for _ in range(2)]
        assert [answer.status for answer in asked] == [200, 429]
        assert (await node.ask("GET", path)).status == 200
        ana = await node.person("ana")
        turned = [await ana.ask("GET", path, params={"max_id": "9"}) for _ in range(2)]
        assert [answer.status for answer in turned] == [200, 200]


async def test_A13_tokens_of_apps_give_an_address_no_more_room(
    new_database_url: Callable[[], str],
) -> None:
    url = new_database_url()
    folder = folder_beside(url) / "hq"
    async with running_node(url, folder, rate_limits="on", rates="address=4/5m") as node:
        tokens = [
            (await node.db.write(apps.issue, app_id=None, account_id=None, granted="read")).token
            for _ in range(5)
        ]
        asked = [
            await node.ask("GET", "/api/v1/instance", headers={"Authorization": f"Bearer {token}"})
            for token in tokens
        ]
        assert [answer.status for answer in asked] == [200, 200, 200, 200, 429]
        health = [await node.ask("GET", "/health") for _ in range(6)]
        assert {answer.status for answer in health} == {200}, "balancers ask without end"


def test_A13_one_subnet_of_ipv6_is_one_caller() -> None:
    class Trustless:
        proxies = ()

    def counted(remote: str) -> str:
        asked = make_mocked_request("GET", "/").clone(remote=remote)
        return address_of(asked, Trustless())  # type: ignore[arg-type]

    assert counted("2001:db8:1:2::1") == counted("2001:db8:1:2:ffff::9")
    assert counted("2001:db8:1:2::1") != counted("2001:db8:1:3::1")
    assert counted("::ffff:192.0.2.7") == counted("192.0.2.7") == "192.0.2.7"


def test_A13_only_a_configured_proxy_is_believed() -> None:
    class Trusting:
        proxies = (ip_network("127.0.0.0/8"),)

    class Trustless:
        proxies = ()

    def asked(remote: str, *forwarded: str) -> Any:
        request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": ", ".join(forwarded)})
        return request.clone(remote=remote)

    spoofed = asked("127.0.0.1", "198.51.100.9", "192.0.2.1")
    assert address_of(spoofed, Trusting()) == "192.0.2.1"  # type: ignore[arg-type]
    assert address_of(spoofed, Trustless()) == "127.0.0.1"  # type: ignore[arg-type]
    stranger = asked("192.0.2.7", "198.51.100.9")
    assert address_of(stranger, Trusting()) == "192.0.2.7"  # type: ignore[arg-type]
    broken = asked("127.0.0.1", "nonsense")
    assert address_of(broken, Trusting()) == "127.0.0.1"  # type: ignore[arg-type]


async def test_P06_what_one_may_not_see_answers_like_what_never_was(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    private = await ana.say("Only for me and nobody", visibility="direct")
    for method, path in (
        *(("GET", ""), ("HEAD", ""), ("OPTIONS", ""), ("GET", "/context"), ("GET", "/history")),
        *(("GET", "/source"), ("GET", "/favourited_by"), ("GET", "/reblogged_by")),
        *(("POST", "/favourite"), ("POST", "/reblog"), ("PUT", ""), ("DELETE", "")),
    ):
        hidden, missing = [
            await bo.ask(
                method, f"/api/v1/statuses/{post_id}{path}", headers={"Accept-Language": "de"}
            )
            for post_id in (private["id"], str(int(private["id"]) + 77))
        ]
        ignored = {"Date", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
        assert hidden.status == missing.status
        assert hidden.body == missing.body
        assert {name: value for name, value in hidden.headers.items() if name not in ignored} == {
            name: value for name, value in missing.headers.items() if name not in ignored
        }
        assert method == "OPTIONS" or hidden.status in {400, 404}


async def test_refusals_say_what_can_be_done(node: RunningNode, ana: Person, bo: Person) -> None:
    words = ("--purpose", "To learn", "--by", "bo", "--steward", "ana", "--preset", "members")
    await done(node, "community", "create", "lifting", "--name", "Lifting", *words)
    lifting = await ana.get("/api/v1/accounts/lookup", acct="lifting")
    await ana.post(f"/api/v1/accounts/{lifting['id']}/follow")
    await done(node, "community", "launch", "lifting")
    cy = await node.person("cy")
    sent = {"status": "Hello @lifting", "visibility": "private"}
    answer = await cy.ask("POST", "/api/v1/statuses", json=sent)
    assert (answer.status, answer.json["error"]) == (
        422,
        "@lifting is for its members; ask to join by following it, or leave its name out",
    )
    private = await bo.say("For my followers", visibility="private")
    shared = await bo.ask("POST", f"/api/v1/statuses/{private['id']}/reblog")
    assert (shared.status, "cannot be shared" in shared.json["error"]) == (403, True)
