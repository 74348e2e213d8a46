"""Consent to apps: codes go where the app registered, and nowhere else."""

import base64
import hashlib
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
import pytest

from social.apps import OUT_OF_BAND, NewApp, insert_app
from tests.support.nodes import Person, RunningNode
from tests.web.visitor import PASSWORD, Shown, Visitors, with_password
from web.pages.consent import form_target

SCOPES = "read write follow push"
CALLBACK = "https://app.example/callback"
PATH = "/oauth/authorize"


async def app_with(
    node: RunningNode, *redirects: str, name: str = "Kiosk", wanted: str = SCOPES
) -> NewApp:
    uris = " ".join(redirects)
    return await node.db.write(insert_app, name=name, redirect_uris=uris, wanted=wanted)


def question(app: NewApp, redirect: str, **more: str) -> str:
    asked = {
        "client_id": app.app.client_id,
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": SCOPES,
        **more,
    }
    return f"{PATH}?{urlencode(asked)}"


def query_of(shown: Shown) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(shown.location).query))


async def token_for(
    visitors: Visitors, app: NewApp, redirect: str, code: str, **more: str
) -> Shown:
    return await visitors.stranger().post(
        "/oauth/token",
        grant_type="authorization_code",
        client_id=app.app.client_id,
        client_secret=app.client_secret,
        redirect_uri=redirect,
        code=code,
        **more,
    )


@pytest.mark.operation("GET /oauth/authorize", "POST /oauth/token")
async def test_a_person_allows_an_app_which_then_acts_for_them(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    app, visitor = await app_with(node, CALLBACK), await visitors.of(ana)
    page = await visitor.get(question(app, CALLBACK, state="s t&a=1"))
    assert page.status == 200
    assert "Kiosk" in page.text
    assert "@ana" in page.text
    assert "Read everything that you can read" in page.text
    allowed = await visitor.submit(page, PATH, decision="allow")
    assert allowed.status == 303
    assert allowed.location.startswith(f"{CALLBACK}?")
    assert query_of(allowed)["state"] == "s t&a=1"
    issued = await token_for(visitors, app, CALLBACK, query_of(allowed)["code"])
    assert issued.status == 200
    token = orjson.loads(issued.body)["access_token"]
    me = await node.ask(
        "GET",
        "/api/v1/accounts/verify_credentials",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert me.json["username"] == "ana"


async def test_no_is_no(node: RunningNode, visitors: Visitors, ana: Person) -> None:
    app, visitor = await app_with(node, CALLBACK, OUT_OF_BAND), await visitors.of(ana)
    for decision in ("deny", "", "ALLOW"):
        page = await visitor.get(question(app, CALLBACK, state="abc"))
        denied = await visitor.submit(page, PATH, decision=decision)
        assert query_of(denied) == {"error": "access_denied", "state": "abc"}
    page = await visitor.get(question(app, OUT_OF_BAND))
    denied = await visitor.submit(page, PATH, decision="deny")
    assert denied.status == 200
    assert denied.tree.css_first("#code") is None
    assert "was not allowed" in denied.text


async def test_the_code_is_shown_where_the_app_cannot_be_called(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    app, visitor = await app_with(node, OUT_OF_BAND), await visitors.of(ana)
    page = await visitor.get(question(app, OUT_OF_BAND))
    shown = await visitor.submit(page, PATH, decision="allow")
    assert shown.status == 200
    field = shown.tree.css_first("input#code[readonly]")
    assert field is not None
    code = field.attributes["value"] or ""
    assert len(code) > 10  # some clients refuse shorter ones (mastodon-api.md §2)
    assert (await token_for(visitors, app, OUT_OF_BAND, code)).status == 200


NEAR_MISSES = [
    "https://app.example/callback/",
    "https://app.example/callback?x=1",
    "https://app.example/callback#x",
    "https://app.example/callback/..",
    "https://app.example/callbackx",
    "https://app.example/Callback",
    "https://APP.example/callback",
    "HTTPS://app.example/callback",
    "http://app.example/callback",
    "https://app.example:443/callback",
    "https://app.example:444/callback",
    "https://evil.app.example/callback",
    "https://app.example.evil.example/callback",
    "https://user@app.example/callback",
    "https://app.example@evil.example/callback",
    "https://app.example\\@evil.example/callback",
    "//app.example/callback",
    "https://app.example/call%62ack",
    " https://app.example/callback",
    "https://app.example/callback\n",
    "https://evil.example/",
    "app://callback",
    "javascript:alert(1)",
    OUT_OF_BAND,
    "",
]


@pytest.mark.parametrize("redirect", NEAR_MISSES)
async def test_A01_another_redirect_address_is_a_400_page(
    node: RunningNode, visitors: Visitors, ana: Person, redirect: str
) -> None:
    app, visitor = await app_with(node, CALLBACK), await visitors.of(ana)
    asked = await visitor.get(question(app, redirect))
    assert asked.status == 400
    assert "Location" not in asked.headers
    assert asked.tree.css_first("form") is None
    page = await visitor.get(question(app, CALLBACK))
    sent = await visitor.submit(page, PATH, decision="allow", redirect_uri=redirect)
    assert sent.status == 400
    assert "Location" not in sent.headers
    assert (await visitor.submit(page, PATH, decision="allow")).status == 303


async def test_A01_unknown_apps_and_strange_questions_are_400_pages(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    app, visitor = await app_with(node, CALLBACK, wanted="read"), await visitors.of(ana)
    wrong = [
        {"client_id": "unknown"},
        {"client_id": ""},
        {"response_type": "token", "scope": "read"},
        {"response_type": "", "scope": "read"},
        {"scope": "read write"},
        {"scope": "read", "code_challenge": "a" * 43, "code_challenge_method": "plain"},
        {"scope": "read", "code_challenge": "short", "code_challenge_method": "S256"},
        {"scope": "read", "state": "s" * 5000},
    ]
    for change in wrong:
        asked = await visitor.get(question(app, CALLBACK, **change))
        assert (asked.status, asked.headers.get("Location")) == (400, None), change
    assert (await visitor.get(question(app, CALLBACK, scope="read"))).status == 200


# Redirect addresses of real apps (mastodon-api.md §2), and where an answer goes.
REAL = {
    "icecubesapp://": "icecubesapp://?code=",
    "tuba://auth_code": "tuba://auth_code?code=",
    "oauth2redirect://com.keylesspalace.tusky/": "oauth2redirect://com.keylesspalace.tusky/?code=",
    "http://127.0.0.1:8090/": "http://127.0.0.1:8090/?code=",
    "http://[::1]:8090/": "http://[::1]:8090/?code=",
    "https://elk.example/api/a.b/oauth/https%3A%2F%2Felk.example": (
        "https://elk.example/api/a.b/oauth/https%3A%2F%2Felk.example?code="
    ),
    "https://app.example/cb?keep=%2Fthis": "https://app.example/cb?keep=%2Fthis&code=",
}


@pytest.mark.parametrize("redirect", REAL)
async def test_real_redirect_addresses_are_kept_to_the_letter(
    node: RunningNode, visitors: Visitors, ana: Person, redirect: str
) -> None:
    app, visitor = await app_with(node, *REAL), await visitors.of(ana)
    page = await visitor.get(question(app, redirect))
    allowed = await visitor.submit(page, PATH, decision="allow")
    assert allowed.status == 303
    assert allowed.location.startswith(REAL[redirect])
    policy = page.headers["Content-Security-Policy"]
    form_action = next(part for part in policy.split("; ") if part.startswith("form-action"))
    scheme = redirect.partition(":")[0]
    assert form_action.startswith(f"form-action 'self' {scheme}:")


@pytest.mark.parametrize(
    ("redirect", "target"),
    [
        (OUT_OF_BAND, ""),
        ("https://app.example/cb", "https://app.example"),
        ("https://app.example:8443/cb?x", "https://app.example:8443"),
        ("http://[::1]:8090/", "http:"),
        ("https://a;script-src *;/cb", "https:"),
        ("https://a,b/cb", "https:"),
        ("tuba://auth_code", "tuba:"),
        ("com.example.app:/x", "com.example.app:"),
        ("bad scheme;:x", ""),
    ],
)
def test_H11_the_policy_lets_the_form_lead_to_the_app_and_no_further(
    redirect: str, target: str
) -> None:
    assert form_target(redirect) == target


async def test_pkce_goes_through_the_form(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    app, visitor = await app_with(node, CALLBACK), await visitors.of(ana)
    verifier = "v" * 64
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    asked = question(app, CALLBACK, code_challenge=challenge, code_challenge_method="S256")
    for sent, expected in (("w" * 64, 400), (verifier, 200)):
        page = await visitor.get(asked)
        allowed = await visitor.submit(page, PATH, decision="allow")
        code = query_of(allowed)["code"]
        issued = await token_for(visitors, app, CALLBACK, code, code_verifier=sent)
        assert issued.status == expected


async def test_A18_consent_needs_the_sessions_word(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person
) -> None:
    app, visitor = await app_with(node, CALLBACK), await visitors.of(ana)
    page = await visitor.get(question(app, CALLBACK))
    others = (await (await visitors.of(bo)).get(question(app, CALLBACK))).fields(PATH)["csrf"]
    for word in ("", "x" * 43, others):
        refused = await visitor.submit(page, PATH, decision="allow", csrf=word)
        assert refused.status == 403
        assert "Location" not in refused.headers
    assert (await visitor.submit(page, PATH, decision="allow")).status == 303


async def test_whoever_is_not_signed_in_comes_back_to_the_question(
    node: RunningNode, visitors: Visitors
) -> None:
    await with_password(node, "cleo")
    app, visitor = await app_with(node, CALLBACK), visitors.stranger()
    asked = question(app, CALLBACK, state="a b&c", force_login="true")
    form = await visitor.follow(await visitor.get(asked))
    entered = await visitor.submit(form, "/sign-in", login="cleo", password=PASSWORD)
    page = await visitor.follow(entered)
    assert "Kiosk" in page.text
    assert page.fields(PATH)["state"] == "a b&c"
    assert (await visitor.submit(page, PATH, decision="allow")).status == 303


async def test_force_login_asks_once_more_and_only_once(
    node: RunningNode, visitors: Visitors
) -> None:
    cleo = await with_password(node, "cleo")
    app, visitor = await app_with(node, CALLBACK), await visitors.of(cleo)
    kept = await visitor.get(question(app, CALLBACK, force_login="false"))
    assert kept.status == 200
    form = await visitor.follow(await visitor.get(question(app, CALLBACK, force_login="true")))
    entered = await visitor.submit(form, "/sign-in", login="cleo", password=PASSWORD)
    assert (await visitor.follow(entered)).fields(PATH)["client_id"] == app.app.client_id


async def test_a_slash_at_the_end_is_the_same_question(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    app, visitor = await app_with(node, CALLBACK), await visitors.of(ana)
    page = await visitor.get(question(app, CALLBACK).replace(f"{PATH}?", f"{PATH}/?"))
    assert (await visitor.submit(page, PATH, decision="allow")).status == 303


async def test_a_session_that_ended_meanwhile_grants_nothing(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    app, visitor = await app_with(node, CALLBACK), await visitors.of(ana)
    page = await visitor.get(question(app, CALLBACK))
    visitor.cookies.clear()
    sent = await visitor.submit(page, PATH, decision="allow")
    assert sent.status == 303
    assert sent.location.startswith("/sign-in?next=%2Foauth%2Fauthorize")
