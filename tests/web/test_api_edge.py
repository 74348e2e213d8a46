"""What the edge does for every request: errors, CORS, slashes, HEAD, limits, headers."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from domain.errors import Conflict, Gone, Invalid, NotAllowed, NotFound, TooMany
from social.signin import SignedOut
from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node
from tests.support.strict import check
from web.addresses import address_of
from web.errors import BadRequest, Elsewhere, Unauthorized, status_of

HOME = "/api/v1/timelines/home"


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
        assert "Link" in answer.headers["Access-Control-Expose-Headers"]
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


async def test_A13_callers_over_their_limit_wait(
    new_database_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.limits.PER_ADDRESS", 3)
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "hq", rate_limits="on") as node:
        ana = await node.person("ana")
        # No header that anybody may write changes who is counted.
        spoofs = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(4)]
        answers = [await node.ask("GET", "/api/v1/instance", headers=spoof) for spoof in spoofs]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert check("error", answers[3].json)
        assert int(answers[3].headers["Retry-After"]) > 0
        assert answers[3].headers["X-RateLimit-Remaining"] == "0"
        assert (await ana.ask("GET", HOME)).status == 200  # people are counted by themselves


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
