"""Whatever somebody writes is text in a page: no script, no foreign address, no look of its own."""

import re
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

import pytest
from jinja2 import Environment, StrictUndefined, UndefinedError
from sqlalchemy import update

from social.apps import OUT_OF_BAND, insert_app
from social.profiles import ProfileChange, update_profile
from storage.tables.actors import actors
from storage.tables.posts import posts
from storage.tx import Tx
from tests.support.nodes import Person, RunningNode
from tests.web.visitor import Shown, Visitors
from web.pages import rendering
from web.pages.files import FILES, YEAR
from web.pages.markup import cleaned
from web.routes import Access
from web.tables import ROUTES

TEMPLATES = sorted(rendering.FOLDER.glob("*.html"))

SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<iframe src=javascript:alert(1)>",
    "<a href='javascript:alert(1)' onclick=alert(1)>x</a>",
    "<form action=//evil.example><input name=password>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<style>*{background:url(//evil.example)}</style>",
    "{{ 7*7 }}{% raw %}{{ config }}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
OURS = frozenset(
    """
    html head meta title link body a header nav ul li form input button main h1 h2 p span strong
    img article time details summary div footer label textarea fieldset legend small section
    dl dt dd code br em b i del s u pre blockquote ol meter
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
PLAIN = frozenset(
    """
    lang charset name content rel href type class aria-label aria-current aria-describedby id
    tabindex method action value src alt width height datetime title maxlength required checked
    readonly rows for role autocomplete autocapitalize spellcheck dir open minlength target
    translate aria-invalid enctype accept loading min max aria-hidden cite
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
OWN_ADDRESS = re.compile(r"/(?![/\\])|#|https?://|mailto:")


OUR_PICTURE = re.compile(
    r"/static/|http://hq\.localhost:[0-9]+/"
    r"(proxy/[0-9a-f]{32}/[A-Za-z0-9_-]+|media/[0-9]+/[0-9]+/[0-9a-f]{32}(/small)?)$"
)
"""Pictures come from this node alone, those of people elsewhere by its proxy."""


def assert_inert(shown: Shown) -> None:
    """Only our elements and attributes, and addresses that a browser may follow."""
    for element in shown.tree.css("*"):
        assert element.tag in OURS, element.html
        assert set(element.attributes) <= PLAIN, element.html
        for name in ("href", "src", "action", "cite"):
            if (address := element.attributes.get(name)) is not None:
                assert OWN_ADDRESS.match(address), element.html
        if element.tag == "form":
            assert (element.attributes["action"] or "").startswith("/")
        if element.tag in {"img", "link"}:
            source = element.attributes.get("src") or element.attributes.get("href") or ""
            assert OUR_PICTURE.match(source), element.html
        if element.tag == "meta":
            assert "http-equiv" not in element.attributes


def spoil(tx: Tx, *, actor_id: int, post_id: int, payload: str) -> None:
    """As if it had come past the cleaner at the door."""
    tx.change(update(posts).where(posts.c.id == post_id).values(content=payload, summary=payload))
    tx.change(
        update(actors)
        .where(actors.c.id == actor_id)
        .values(name=payload, summary=payload, avatar=f"https://evil.example/{payload}")
    )


@pytest.mark.parametrize("payload", SCRIPTS)
async def test_H01_what_people_write_is_inert(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person, payload: str
) -> None:
    change = ProfileChange(name=payload[:60], bio=payload, fields=[(payload, payload)])
    await node.db.write(update_profile, node=node.node, actor_id=ana.id, change=change)
    status = await ana.say(f"@bo {payload} #tag", spoiler_text=payload)
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    visitor = await visitors.of(bo)
    home = await visitor.get("/")
    refused = await visitor.submit(home, "/posts", text=payload, summary=payload, readers=payload)
    assert refused.fields("/posts")["text"] == payload
    settings = await (await visitors.of(ana)).get("/settings")
    pages = [
        home,
        refused,
        settings,
        await visitor.get(f"/@ana/{status['id']}"),
        await visitor.get("/@ana"),
        await visitor.get("/notifications"),
        await visitor.get("/tags/tag"),
        await visitor.ask("GET", "/search", params={"q": payload}),
        await visitor.ask("GET", "/sign-in", params={"next": payload}),
        await visitors.stranger().sign_in(payload, payload),
    ]
    for shown in pages:
        assert_inert(shown)
    assert any(payload[:20] in shown.text for shown in pages), "it is shown, as text"
    await node.db.write(spoil, actor_id=ana.id, post_id=int(status["id"]), payload=payload)
    for path in (f"/@ana/{status['id']}", "/@ana", "/notifications", "/"):
        assert_inert(await visitor.get(path))


@pytest.mark.parametrize("payload", SCRIPTS)
async def test_H01_an_apps_name_is_inert(
    node: RunningNode, visitors: Visitors, ana: Person, payload: str
) -> None:
    made = await node.db.write(insert_app, name=payload, redirect_uris=OUT_OF_BAND, wanted="read")
    asked = {
        "client_id": made.app.client_id,
        "redirect_uri": OUT_OF_BAND,
        "response_type": "code",
        "state": payload,
    }
    visitor = await visitors.of(ana)
    page = await visitor.get(f"/oauth/authorize?{urlencode(asked)}")
    assert page.status == 200
    assert page.fields("/oauth/authorize")["state"] == payload
    assert_inert(page)
    assert_inert(await visitor.submit(page, "/oauth/authorize", decision="allow"))


BAD_SCHEMES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "java&#09;script:alert(1)",
    "&#106;avascript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "//evil.example/",
    "/relative",
    "relative",
    "ssh://evil.example",
    "magnet:?xt=x",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("address", BAD_SCHEMES)
def test_H02_links_to_anything_but_web_and_mail_are_gone(address: str) -> None:
    shown = str(cleaned(f'<p><a href="{address}">a link</a></p>'))
    assert "href" not in shown
    assert "a link" in shown


@pytest.mark.parametrize(
    "address", ["https://a.example/x", "http://a.example", "mailto:a@b.example"]
)
def test_H02_links_to_web_and_mail_stay_and_tell_nobody(address: str) -> None:
    shown = str(cleaned(f'<p><a href="{address}">a link</a></p>'))
    assert f'href="{address}"' in shown
    assert "noopener" in shown


def test_H05_foreign_looks_are_gone() -> None:
    shown = str(cleaned('<p class="top" id="main" style="position:fixed">x</p><form>y</form>'))
    assert shown == "<p>x</p>y"


# Page headers, for every page there is.

PAGES = [route for route in ROUTES if route.access in {Access.BROWSER, Access.SIGNED_IN}]


def example(path: str, person: Person, post_id: str) -> str:
    names = {"acct": person.handle, "id": post_id, "name": "style.css", "tag": "x", "token": "t"}
    names["date"] = "2026-11-22"
    return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], path)


async def test_H11_every_page_is_fenced(node: RunningNode, visitors: Visitors, ana: Person) -> None:
    status = await ana.say("hello")
    seen = set()
    for route, signed_in in product(PAGES, (False, True)):
        visitor = await visitors.of(ana) if signed_in else visitors.stranger()
        shown = await visitor.ask(route.method, example(route.path, ana, status["id"]))
        headers = shown.headers
        name = f"{route.method} {route.path} {shown.status}"
        assert shown.status < 500, name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["Referrer-Policy"] in {"no-referrer", "same-origin"}, name
        if not headers.get("Content-Type", "").startswith("text/html"):
            continue
        seen.add(shown.status)
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'", name
        assert policy["frame-ancestors"] == "'none'", name
        assert policy["base-uri"] == "'none'", name
        assert policy["style-src"] == policy["img-src"] == "'self'", name
        assert "script-src" not in policy, name
        assert "unsafe" not in headers["Content-Security-Policy"], name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert headers["X-Frame-Options"] == "DENY", name
        assert "no-store" in headers["Cache-Control"], name
        assert_inert(shown)
    assert {200, 403, 404} <= seen


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_H11_templates_need_no_exception_from_the_policy(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<(script|style)\b|\bstyle=|\bon\w+=", text)
    assert not re.search(r"\|\s*safe\b|autoescape|Markup", text)
    assert "https://" not in text
    assert "http://" not in text


def test_only_one_module_makes_markup() -> None:
    makers = {
        path.name
        for path in Path(rendering.__file__).parent.glob("*.py")
        if re.search(r"\bMarkup\b", path.read_text())
    }
    assert makers == {"markup.py"}


def test_templates_escape_everything_and_stop_at_what_is_missing() -> None:
    made: Environment = rendering._TEMPLATES
    assert made.autoescape is True
    assert made.undefined is StrictUndefined
    assert made.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        made.from_string("{{ missing }}").render()


# Files.


async def test_files_are_those_of_the_list_and_nothing_else(visitors: Visitors) -> None:
    visitor = visitors.stranger()
    for name, found in FILES.items():
        shown = await visitor.get(f"/static/{name}")
        assert shown.status == 200
        assert shown.body == found.content
        assert shown.headers["Content-Type"].startswith(found.content_type)
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert shown.cookies == []
        fresh = await visitor.get(f"/static/{name}?v={found.digest}")
        assert fresh.headers["Cache-Control"] == YEAR
        stale = await visitor.get(f"/static/{name}?v=old")
        assert stale.headers["Cache-Control"] != YEAR
        tag = {"If-None-Match": shown.headers["ETag"]}
        assert (await visitor.ask("GET", f"/static/{name}", headers=tag)).status == 304
    for name in ("", "%2e%2e/files.py", "..%2Ffiles.py", "%2e%2e%2ffiles.py", "x.css", "STYLE.CSS"):
        assert (await visitor.get(f"/static/{name}")).status == 404
    icon = await visitor.get("/favicon.ico")
    assert icon.body == FILES["icon.png"].content
    robots = await visitor.get("/robots.txt")
    assert robots.body == b"User-agent: *\nDisallow: /\n"


# The look: contrast by WCAG 2.2, in light and in dark.


def colours() -> dict[str, dict[str, str]]:
    text = FILES["style.css"].content.decode()
    light, dark = re.findall(r":root \{(.*?)\}", text, re.DOTALL)[:2]
    pairs = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for part in (light, dark)]
    return {"light": pairs[0], "dark": pairs[1]}


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(scheme: str) -> None:
    palette = colours()[scheme]
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for words in ("ink", "soft", "accent"):
        for ground in ("ground", "card"):
            assert contrast(palette[words], palette[ground]) >= 4.5, (words, ground)
    assert contrast(palette["accent-ink"], palette["accent"]) >= 4.5
    assert contrast(palette["wrong"], palette["wrong-ground"]) >= 4.5
    assert contrast(palette["ink"], palette["done-ground"]) >= 4.5
