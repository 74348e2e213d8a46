"""Ways in that this node does not have: each is refused, or nowhere to be found.

When one of them is built, the row of the catalogue (security.md §2) that it stands for wants tests
of its own, and this file is where that is remembered.
"""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support.nodes import Person, RunningNode
from tests.web.test_api_oauth import APP, code_for, redeem, register
from web.routes import Access
from web.tables import ROUTES

ROOT = Path(__file__).parents[2]
PRODUCT = (
    *("activitypub", "domain", "federation", "inbox", "jobs", "outbox", "server", "social"),
    *("storage", "web"),
)


def paths() -> str:
    return " ".join(route.path for route in ROUTES)


def imported() -> set[str]:
    """The modules that the product imports: its own, of other distributions, of Python."""
    texts = (file.read_text() for name in PRODUCT for file in (ROOT / name).rglob("*.py"))
    return {
        module for text in texts for module in re.findall(r"(?m)^ *(?:from|import) (\w+)", text)
    }


@pytest.fixture(scope="module")
def modules() -> set[str]:
    found = imported()
    assert {"aiohttp", "sqlalchemy", "re"} <= found, "the search finds what is imported"
    return found


# A09: no token can be refreshed, so none can be refreshed twice.


async def test_A09_tokens_come_without_a_refresh_token_and_none_is_taken(
    node: RunningNode, ana: Person
) -> None:
    app = await register(node)
    issued = (await redeem(node, app, await code_for(node, app, ana))).json
    assert "refresh_token" not in issued
    for given in (issued["access_token"], "anything"):
        sent = {"grant_type": "refresh_token", "refresh_token": given}
        keys = {name: app[name] for name in ("client_id", "client_secret")}
        answer = await node.ask("POST", "/oauth/token", data=sent | keys)
        assert (answer.status, answer.json["error"]) == (400, "unsupported_grant_type")
    metadata = (await node.ask("GET", "/.well-known/oauth-authorization-server")).json
    assert "refresh_token" not in metadata["grant_types_supported"]


# A14: one step signs somebody in; there is no second factor to be skipped, guessed or switched off.


async def test_A14_there_is_no_second_step_and_the_first_is_not_passed_by(
    node: RunningNode, modules: set[str]
) -> None:
    assert not re.search(r"otp|totp|2fa|two-factor|second-factor|webauthn|passkey", paths())
    assert not modules & {"pyotp", "fido2"}
    inside = [route.path for route in ROUTES if route.access is Access.SIGNED_IN]
    simple = [path for path in inside if "{" not in path]
    assert "/settings" in simple
    for path in simple:
        answer = await node.ask("GET", path)
        assert answer.status == 405 or answer.headers["Location"].startswith("/sign-in?"), path


# A19: nobody signs in by another service.


@pytest.mark.parametrize(
    "grant",
    [
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "password",
        "implicit",
    ],
)
async def test_A19_no_other_services_word_makes_a_token(
    node: RunningNode, modules: set[str], grant: str
) -> None:
    assert not re.search(r"saml|oidc|openid|sso|callback", paths())
    assert not modules & {"joserfc", "jwt", "authlib"}
    app = (await node.ask("POST", "/api/v1/apps", json=APP)).json
    keys = {name: app[name] for name in ("client_id", "client_secret")}
    forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ."
    sent = {"grant_type": grant, "assertion": forged, "subject_token": forged, "username": "ana"}
    answer = await node.ask("POST", "/oauth/token", data=sent | keys | {"password": "x"})
    assert (answer.status, answer.json["error"]) == (400, "unsupported_grant_type")
    headers = {"Authorization": f"Bearer {forged}"}
    assert (await node.ask("GET", "/oauth/userinfo", headers=headers)).status == 401


# H09: no mail goes out; what would stand in its headers has one line.


async def test_H09_no_mail_is_sent_and_names_have_one_line(
    node: RunningNode, ana: Person, modules: set[str]
) -> None:
    assert not modules & {"smtplib", "aiosmtplib", "mailbox"}
    name = "Ana\r\nBcc: everybody@mail.example"
    sent = {"display_name": name, "fields_attributes": [{"name": name, "value": name}]}
    changed = (await ana.ask("PATCH", "/api/v1/accounts/update_credentials", json=sent)).json
    assert not re.search(r"[\r\n]", changed["display_name"])
    [field] = changed["source"]["fields"]
    assert not re.search(r"[\r\n]", field["name"] + field["value"])
    app = await node.ask("POST", "/api/v1/apps", json=APP | {"client_name": name})
    assert app.status == 422
    plain = await node.ask("POST", "/api/v1/apps", json=APP | {"client_name": "Ana's app"})
    assert plain.json["name"] == "Ana's app"


# H10: the only XML that goes out is host-meta, and none is parsed as such; no calendars, no feeds.


async def test_H10_there_are_no_calendars_and_feeds_and_the_only_xml_is_escaped(
    node: RunningNode, ana: Person, modules: set[str]
) -> None:
    assert not re.search(r"\.ics|\.rss|\.atom|\.xml|/feed", paths())
    assert not modules & {"icalendar", "feedparser", "lxml", "xml", "defusedxml"}
    for path in (f"/@{ana.handle}.rss", f"/users/{ana.handle}.atom", "/feed"):
        assert (await node.ask("GET", path)).status == 404
    document = await node.ask("GET", "/.well-known/host-meta")
    assert ET.fromstring(document.text).tag.endswith("}XRD")
    body = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    for path in ("/api/v1/statuses", "/inbox", "/api/v1/apps"):
        headers = {"Content-Type": "application/xml", "Authorization": f"Bearer {ana.token}"}
        answer = await node.ask("POST", path, data=body, headers=headers)
        assert 400 <= answer.status < 500
        assert b"root:" not in answer.body
