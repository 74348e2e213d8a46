"""How programs get in: the code page, PKCE, and what is refused."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from mastodon import Mastodon
from mastodon.errors import MastodonIllegalArgumentError, MastodonUnauthorizedError

from tests.clients import mastodon_py
from tests.clients.browser import OUT_OF_BAND, Browser, allow
from tests.clients.conftest import World
from tests.clients.serving import PASSWORD
from tests.clients.toot_program import Toot, TootError

pytestmark = pytest.mark.xdist_group("clients")

VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123"


def test_toot_logs_in_with_its_own_command(world: World, tmp_path: Path) -> None:
    ana = Toot(world.hq, "ana", tmp_path)
    printed = ana.log_in()
    assert "✓ Successfully logged in." in printed
    assert "@ana " in ana("whoami")
    assert f"ana@{world.hq.domain}" in ana("auth")
    saved = json.loads((tmp_path / "toot/config.json").read_text())
    assert saved["active_user"] == f"ana@{world.hq.domain}"


def test_toot_is_told_that_a_code_is_wrong(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.clients.toot_program.allow", lambda *_: "not-the-code-of-anybody")
    with pytest.raises(TootError, match="Login failed"):
        Toot(world.hq, "ana", tmp_path).log_in()


def test_mastodon_py_is_who_signed_in(world: World, bo: Mastodon) -> None:
    me = bo.me()
    assert (me.acct, me.url) == ("bo", f"{world.lab.url}/@bo")
    assert bo.app_verify_credentials().name == "Notes for learners"


def test_a_code_works_once(world: World) -> None:
    app = _app(world)
    code = allow(_address(world, app), "bo", PASSWORD)
    assert _exchange(world, app, code).status_code == 200
    assert _exchange(world, app, code).json()["error"] == "invalid_grant"


def test_a_wrong_password_gets_no_code(world: World) -> None:
    browser = Browser()
    with pytest.raises(AssertionError, match="no button 'Allow'"):
        allow(_address(world, _app(world)), "bo", "seven dry umbrellas", browser)
    assert "Sign in" in browser.text


def test_who_does_not_allow_gives_no_code(world: World) -> None:
    browser = Browser()
    browser.open(_address(world, _app(world)))
    browser.submit("Sign in", login="bo", password=PASSWORD)
    assert "Notes by hand" in browser.text
    browser.submit("Deny")
    assert browser.page.css_first("#code, input[readonly]") is None


def test_pkce_by_hand(world: World) -> None:
    app = _app(world)
    code = allow(_address(world, app, code_challenge=_challenge(), **_S256), "bo", PASSWORD)
    answer = _exchange(world, app, code, code_verifier=VERIFIER)
    assert answer.status_code == 200, answer.text
    token = answer.json()
    assert token["token_type"] == "Bearer"
    assert token["scope"].split() == ["read", "write"]
    client = Mastodon(access_token=token["access_token"], api_base_url=world.lab.url)
    assert client.me().acct == "bo"


@pytest.mark.parametrize("given", [{}, {"code_verifier": VERIFIER[::-1]}])
def test_pkce_refuses_another_verifier(world: World, given: dict[str, str]) -> None:
    app = _app(world)
    code = allow(_address(world, app, code_challenge=_challenge(), **_S256), "bo", PASSWORD)
    answer = _exchange(world, app, code, **given)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_revoked_token_is_dead(world: World) -> None:
    client = mastodon_py.log_in(world.lab, "cy")
    assert client.me().acct == "cy"
    token = client.access_token
    client.revoke_access_token(allow_http=True)
    stale = Mastodon(access_token=token, api_base_url=world.lab.url)
    with pytest.raises(MastodonUnauthorizedError):
        stale.me()


def test_the_password_grant_is_not_offered(world: World, tmp_path: Path) -> None:
    client_id, secret = Mastodon.create_app("By password", api_base_url=world.lab.url)
    client = Mastodon(client_id, secret, api_base_url=world.lab.url)
    with pytest.raises(MastodonIllegalArgumentError, match="code flow"):
        client.log_in("bo", PASSWORD, allow_http=True)
    toot = Toot(world.lab, "bo", tmp_path)
    with pytest.raises(TootError, match="Login failed"):
        toot("login_cli", "-i", world.lab.url, "-e", "bo@mail.example", "-p", PASSWORD)


_S256 = {"code_challenge_method": "S256"}


def _challenge() -> str:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _app(world: World) -> Any:
    asked = {
        "client_name": "Notes by hand",
        "redirect_uris": OUT_OF_BAND,
        "scopes": "read write",
    }
    return requests.post(f"{world.lab.url}/api/v1/apps", data=asked, timeout=40).json()


def _address(world: World, app: Any, **more: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": OUT_OF_BAND,
        "scope": "read write",
        **more,
    }
    return f"{world.lab.url}/oauth/authorize?{urlencode(asked)}"


def _exchange(world: World, app: Any, code: str, **more: str) -> requests.Response:
    given = {
        "grant_type": "authorization_code",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "redirect_uri": OUT_OF_BAND,
        "code": code,
        **more,
    }
    return requests.post(f"{world.lab.url}/oauth/token", data=given, timeout=40)
