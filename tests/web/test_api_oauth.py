"""Apps, tokens and revocation through real HTTP, in every form that clients use."""

import base64
from typing import Any

import pytest

from domain.kinds import Role
from social import apps
from tests.social.oauth import CHALLENGE, VERIFIER
from tests.support.nodes import Answer, Person, RunningNode
from tests.support.strict import check

URI = "https://app.example/callback"
APP = {"client_name": "Elk", "redirect_uris": URI, "scopes": "read write follow push"}


async def register(node: RunningNode, **changed: Any) -> dict[str, Any]:
    answer = await node.ask("POST", "/api/v1/apps", json=APP | changed)
    assert answer.status == 200, answer.text
    app: dict[str, Any] = check("credential_application", answer.json)
    return app


async def code_for(
    node: RunningNode, app: dict[str, Any], person: Person, *, pkce: bool = True
) -> str:
    """What the consent page does when the person agrees."""
    asked: dict[str, Any] = {
        "client_id": app["client_id"],
        "redirect_uri": app["redirect_uris"][0],
        "response_type": "code",
        "wanted": "read write",
        "challenge": CHALLENGE if pkce else None,
        "challenge_method": "S256" if pkce else None,
    }
    wish = await node.db.read(apps.wish, **asked)
    return await node.db.write(apps.grant, wish=wish, account_id=person.id)


async def redeem(node: RunningNode, app: dict[str, Any], code: str, /, **changed: Any) -> Answer:
    sent = {
        "grant_type": "authorization_code",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "redirect_uri": app["redirect_uris"][0],
        "code": code,
        "code_verifier": VERIFIER,
    } | changed
    data = {name: value for name, value in sent.items() if value is not None}
    return await node.ask("POST", "/oauth/token", data=data)


async def me(node: RunningNode, token: str) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    return await node.ask("GET", "/api/v1/accounts/verify_credentials", headers=headers)


@pytest.mark.parametrize("form", ["json", "data", "params"])
async def test_apps_register_by_json_form_and_query(node: RunningNode, form: str) -> None:
    answer = await node.ask("POST", "/api/v1/apps", **{form: APP})
    app = check("credential_application", answer.json)
    assert app["name"] == "Elk"
    assert app["redirect_uri"] == URI
    assert app["scopes"] == ["read", "write", "follow", "push"]


async def test_several_redirect_addresses_as_lines_or_as_a_list(node: RunningNode) -> None:
    both = ["tuba://auth_code", "urn:ietf:wg:oauth:2.0:oob"]
    assert (await register(node, redirect_uris="\n".join(both)))["redirect_uris"] == both
    assert (await register(node, redirect_uris=both))["redirect_uris"] == both


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "data:text/html,x", "http://evil.example/"])
async def test_A20_redirects_that_a_browser_would_run_are_refused(
    node: RunningNode, uri: str
) -> None:
    answer = await node.ask("POST", "/api/v1/apps", json=APP | {"redirect_uris": uri})
    assert answer.status == 422
    check("error", answer.json)


async def test_a_code_with_pkce_becomes_a_token(node: RunningNode, ana: Person) -> None:
    app = await register(node)
    answer = await redeem(node, app, await code_for(node, app, ana))
    token = check("token", answer.json)
    assert token["scope"] == "read write"
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await me(node, token["access_token"])).json["acct"] == "ana"


async def test_a_public_client_needs_no_secret_but_pkce(node: RunningNode, ana: Person) -> None:
    app = await register(node)
    answer = await redeem(node, app, await code_for(node, app, ana), client_secret=None)
    assert answer.status == 200
    refused = await redeem(
        *(node, app, await code_for(node, app, ana, pkce=False)),
        client_secret=None,
        code_verifier=None,
    )
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")


async def test_the_token_endpoint_reads_json_and_basic(node: RunningNode, ana: Person) -> None:
    app = await register(node)
    sent = {
        "grant_type": "authorization_code",
        "redirect_uri": URI,
        "code": await code_for(node, app, ana),
        "code_verifier": VERIFIER,
    }
    pair = f"{app['client_id']}:{app['client_secret']}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    assert (await node.ask("POST", "/oauth/token", json=sent, headers=headers)).status == 200
    ids = {name: app[name] for name in ("client_id", "client_secret")}
    sent["code"] = await code_for(node, app, ana)
    assert (await node.ask("POST", "/oauth/token", json=sent | ids)).status == 200


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"code_verifier": "x" * 43}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_grant"),
        ({"redirect_uri": URI + "/"}, 400, "invalid_grant"),
        ({"code": "nonsense"}, 400, "invalid_grant"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "unsupported_grant_type"),
    ],
)
async def test_A02_A03_what_does_not_fit_is_refused(
    node: RunningNode, ana: Person, changed: dict[str, Any], status: int, error: str
) -> None:
    app = await register(node)
    answer = await redeem(node, app, await code_for(node, app, ana), **changed)
    assert (answer.status, answer.json["error"]) == (status, error)
    assert check("error", answer.json)["error_description"]


async def test_A03_a_code_used_twice_ends_the_token_it_brought(
    node: RunningNode, ana: Person
) -> None:
    app = await register(node)
    code = await code_for(node, app, ana)
    token = (await redeem(node, app, code)).json["access_token"]
    assert (await me(node, token)).status == 200
    assert (await redeem(node, app, code)).status == 400
    assert (await me(node, token)).status == 401


@pytest.mark.operation("GET /api/v1/apps/verify_credentials")
async def test_an_app_token_speaks_for_the_app_alone(node: RunningNode) -> None:
    app = await register(node)
    ids = {name: app[name] for name in ("client_id", "client_secret")}
    sent = {"grant_type": "client_credentials", "scope": "read", **ids}
    token = check("token", (await node.ask("POST", "/oauth/token", data=sent)).json)
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    shown = await node.ask("GET", "/api/v1/apps/verify_credentials", headers=headers)
    assert check("application", shown.json)["name"] == "Elk"
    refused = await me(node, token["access_token"])
    assert refused.status == 422
    assert refused.json == {"error": "This method requires an authenticated user"}
    unsecret = await node.ask("POST", "/oauth/token", data=sent | {"client_secret": ""})
    assert unsecret.status == 401


async def test_a_token_of_the_command_line_names_it_as_its_app(
    node: RunningNode, ana: Person
) -> None:
    shown = check("application", await ana.get("/api/v1/apps/verify_credentials"))
    assert (shown["name"], shown["scopes"]) == ("Command line", [])
    headers = {"Authorization": "Bearer nobodys"}
    unknown = await node.ask("GET", "/api/v1/apps/verify_credentials", headers=headers)
    assert unknown.status == 401


@pytest.mark.operation("POST /oauth/revoke")
async def test_revoking_ends_a_token_at_once(node: RunningNode, ana: Person) -> None:
    app, other = await register(node), await register(node)
    code = await code_for(node, app, ana)
    token = (await redeem(node, app, code)).json["access_token"]
    ids = {name: app[name] for name in ("client_id", "client_secret")}
    foreign = {name: other[name] for name in ids}
    # Another app cannot end it, and is not told whether it exists.
    kept = await node.ask("POST", "/oauth/revoke", data={"token": token, **foreign})
    assert (kept.status, (await me(node, token)).status) == (200, 200)
    ended = await node.ask("POST", "/oauth/revoke", data={"token": token, **ids})
    assert (ended.status, ended.json) == (200, {})
    assert (await me(node, token)).json == {"error": "The access token is invalid"}
    again = await node.ask("POST", "/oauth/revoke", data={"token": token, **ids})
    assert again.status == 200


@pytest.mark.operation("GET /oauth/userinfo")
async def test_userinfo_needs_profile_or_read_accounts(node: RunningNode, ana: Person) -> None:
    found = await ana.get("/oauth/userinfo")
    assert found["preferred_username"] == "ana"
    assert found["iss"] == f"{node.origin}/"
    assert found["sub"] == ana.uri
    narrow = await node.person("cy", Role.MEMBER, "profile")
    assert (await narrow.ask("GET", "/oauth/userinfo")).status == 200
    assert (await narrow.ask("GET", "/api/v1/accounts/verify_credentials")).status == 200
    writer = await node.person("di", Role.MEMBER, "write")
    assert (await writer.ask("GET", "/oauth/userinfo")).status == 403


@pytest.mark.operation("GET /.well-known/oauth-authorization-server")
async def test_metadata_tells_clients_what_there_is(node: RunningNode) -> None:
    found = (await node.ask("GET", "/.well-known/oauth-authorization-server")).json
    assert found["issuer"] == f"{node.origin}/"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["app_registration_endpoint"] == f"{node.origin}/api/v1/apps"
    assert {"read", "write", "follow", "push", "profile"} <= set(found["scopes_supported"])
    assert found["grant_types_supported"] == ["authorization_code", "client_credentials"]


async def test_a_stale_token_does_not_keep_an_app_from_starting_anew(node: RunningNode) -> None:
    headers = {"Authorization": "Bearer of-long-ago"}
    assert (await node.ask("POST", "/api/v1/apps", json=APP, headers=headers)).status == 200
    assert (await node.ask("GET", "/api/v2/instance", headers=headers)).status == 200
