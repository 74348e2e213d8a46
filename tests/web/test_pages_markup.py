"""What people wrote stays words: no script, no foreign address, no template runs from it."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from selectolax.lexbor import LexborHTMLParser

from social.passwords import hash_now
from storage.queries import accounts as rows
from tests.support.nodes import Person, RunningNode
from tests.web.visitor import Visitor, browsing
from web.pages.markup import cleaned
from web.pages.paths import own_path

PASSWORD = "three wet umbrellas"
SCRIPTS = [
    "<script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=alert(1)>'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    '" onfocus="alert(1)" autofocus="',
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<a href='javascript:alert(1)'>x</a>",
    "<form action='//evil.example'><button>x</button></form>",
    "<base href='//evil.example/'><meta http-equiv=refresh content='0;//evil.example'>",
    "<p style='position:fixed;inset:0' id='main' class='problem'>x</p>",
    "{{7*7}}{% raw %}${7*7}",
]
LINKS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "java&#10;script:alert(1)",
    "&#106;avascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "//evil.example/",
    "/settings",
    "ssh://evil.example",
    "magnet:?xt=urn:btih:0",
]
ADDRESSES = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "evil.example",
    "",
    "/é",
    "/" + "a" * 4_000,
]
HARMLESS_TAGS = frozenset(
    {
        *("html", "head", "meta", "title", "link", "body", "header", "nav", "main", "footer"),
        *("h1", "h2", "p", "div", "span", "section", "article", "details", "summary"),
        *("form", "input", "button", "textarea", "label", "fieldset", "legend"),
        *("a", "ul", "li", "small", "strong", "img", "time", "dl", "dt", "dd", "code", "br"),
        "meter",
    }
)


def dangers(source: str) -> list[str]:
    """Everything on a page that runs, loads or leads elsewhere without our having meant it."""
    found = []
    for node in LexborHTMLParser(source).css("*"):
        if node.tag not in HARMLESS_TAGS:
            found.append(f"<{node.tag}>")
        for name, value in node.attributes.items():
            target = name in {"href", "src", "action"}
            ours = (value or "").startswith(("/", "#", "mailto:", "http://hq.localhost"))
            outside = target and (not ours or (value or "").startswith("//"))
            if name.startswith("on") or name in {"style", "srcdoc", "http-equiv"} or outside:
                found.append(f"{node.tag} {name}={value}")
    return found


@pytest.fixture
async def at_bo(node: RunningNode, bo: Person) -> AsyncIterator[Visitor]:
    """The browser of the one who reads."""
    async with browsing(node, bo) as browser:
        yield browser


@pytest.mark.parametrize("payload", SCRIPTS[:-1])
def test_the_oracle_sees_what_a_careless_page_lets_through(payload: str) -> None:
    careless = f'<title>{payload}</title><textarea>{payload}</textarea><input value="{payload}">'
    assert dangers(f"{careless}<p>{payload}")


@pytest.mark.parametrize("payload", SCRIPTS)
async def test_H01_a_post_and_its_warning_are_words(
    at_bo: Visitor, ana: Person, payload: str
) -> None:
    post = await ana.say(f"before {payload} after", spoiler_text=f"note {payload}")
    for path in (f"/@ana/{post['id']}", "/@ana"):
        seen = await at_bo.get(path)
        assert seen.status == 200
        assert dangers(seen.html) == []
        summary = seen.tree.css_first("article summary")
        words = seen.tree.css_first("article .words")
        assert summary is not None
        assert words is not None
        assert summary.text() == f"note {payload}".replace("\t", " ")
        assert words.text(strip=True).startswith("before")
        assert words.text(strip=True).endswith("after")
        assert "49" not in words.text()


@pytest.mark.parametrize("payload", SCRIPTS)
async def test_H01_a_name_and_a_bio_are_words(
    node: RunningNode, at_bo: Visitor, ana: Person, bo: Person, payload: str
) -> None:
    name = payload[:30]
    async with browsing(node, ana) as at_ana:
        await at_ana.get("/settings")
        saved = await at_ana.send("/settings", name=name, bio=f"about {payload}")
        assert saved.location == "/settings?saved=1"
        settings = await at_ana.get("/settings")
        assert settings.fields("/settings")["name"] == name
        assert dangers(settings.html) == []
    await bo.follow(ana)
    post = await ana.say("@bo hello")
    for path in ("/@ana", f"/@ana/{post['id']}", "/", "/notifications", "/search?q=ana"):
        seen = await at_bo.get(path)
        assert seen.status == 200
        assert dangers(seen.html) == []
        assert name in [node.text() for node in seen.tree.css("strong, h1")]
    profile = (await at_bo.get("/@ana")).tree.css_first(".words")
    assert profile is not None
    assert profile.text(strip=True).startswith("about")


@pytest.mark.parametrize("payload", SCRIPTS)
async def test_H01_an_app_name_is_words(node: RunningNode, at_bo: Visitor, payload: str) -> None:
    name = payload[:60]
    oob = "urn:ietf:wg:oauth:2.0:oob"
    app = {"client_name": name, "redirect_uris": oob, "scopes": "read"}
    made = await node.ask("POST", "/api/v1/apps", json=app)
    if made.status == 422:  # refused at the door is as good (A20)
        return
    seen = await at_bo.get(
        f"/oauth/authorize?response_type=code&client_id={made.json['client_id']}"
        f"&redirect_uri={oob}&scope=read&state={quote(payload)}"
    )
    assert (seen.status, dangers(seen.html)) == (200, [])
    heading = seen.tree.css_first("h1")
    assert heading is not None
    assert name in heading.text()
    assert seen.fields("/oauth/authorize")["state"] == payload
    code = await at_bo.send("/oauth/authorize", decision="allow")
    assert (code.status, dangers(code.html)) == (200, [])


@pytest.mark.parametrize("payload", SCRIPTS)
async def test_H01_what_was_typed_comes_back_as_words(
    at_bo: Visitor, ana: Person, payload: str
) -> None:
    search = await at_bo.get(f"/search?q={quote(payload)}")
    assert search.fields("/search")["q"] == payload
    await at_bo.get("/")
    again = await at_bo.send("/posts", text=payload, summary=payload, readers="?")
    assert again.status == 422
    form = again.fields("/posts")
    assert (form["text"], form["summary"]) == (payload, payload)
    assert (dangers(search.html), dangers(again.html)) == ([], [])


@pytest.mark.parametrize("address", LINKS)
def test_H02_links_that_are_no_web_addresses_are_taken_out(address: str) -> None:
    assert "href" not in cleaned(f'<p><a href="{address}">x</a></p>')


@pytest.mark.parametrize("address", ["https://lab.example/x", "mailto:ana@lab.example"])
def test_H02_links_to_the_web_and_to_mail_stay(address: str) -> None:
    shown = cleaned(f'<p><a href="{address}">x</a></p>')
    assert f'href="{address}"' in shown
    assert "noopener" in shown


@pytest.mark.parametrize("payload", SCRIPTS)
def test_H01_stored_html_is_cleaned_again_before_it_is_shown(payload: str) -> None:
    assert dangers(cleaned(payload)) == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_H08_addresses_that_lead_elsewhere_become_home(address: str) -> None:
    assert own_path(address) == "/"


@pytest.mark.parametrize("path", ["/", "/@ana/5#p5", "/search?q=a%26b", "/oauth/authorize?x=//y"])
def test_H08_our_own_paths_stay(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize("address", ADDRESSES[:7])
async def test_H08_signing_in_leads_nowhere_else(
    node: RunningNode, ana: Person, address: str
) -> None:
    await _give_password(node, ana)
    async with browsing(node) as browser:
        form = await browser.get(f"/sign-in?next={quote(address)}")
        assert form.fields("/sign-in")["next"] == "/"
        sent = {"login": "ana", "password": PASSWORD, "next": address}
        assert (await browser.send("/sign-in", **sent)).location == "/"


async def test_H08_signing_in_leads_on_to_our_own_page(node: RunningNode, ana: Person) -> None:
    await _give_password(node, ana)
    async with browsing(node) as browser:
        await browser.get("/sign-in?next=/search%3Fq%3Dbo")
        seen = await browser.send("/sign-in", login="ana", password=PASSWORD)
        assert seen.location == "/search?q=bo"


@pytest.mark.parametrize("address", ADDRESSES[:7])
async def test_H08_the_way_back_after_an_act_stays_here(
    at_bo: Visitor, ana: Person, address: str
) -> None:
    post = await ana.say("Something to like")
    await at_bo.get(f"/@ana/{post['id']}")
    liked = await at_bo.send(f"/posts/{post['id']}/like", back=address)
    assert liked.location == f"/#p{post['id']}"


@pytest.mark.parametrize("payload", SCRIPTS)
async def test_H08_an_unknown_path_is_not_repeated(at_bo: Visitor, payload: str) -> None:
    path = "/" + quote(payload, safe="")
    seen = await at_bo.ask("GET", path, headers={"Accept": "text/html"})
    assert seen.status == 404
    assert dangers(seen.html) == []
    assert "alert" not in seen.html


async def _give_password(node: RunningNode, person: Person) -> None:
    await node.db.write(rows.rehash, person.id, old="", new=hash_now(PASSWORD))
