"""A real browser, without scripts: on a phone, in the dark, by keys, and on to an app."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from social import accounts
from social.apps import OUT_OF_BAND, insert_app
from tests.support.databases import folder_beside
from tests.support.nodes import RunningNode, running_node
from tests.support.pictures import picture as drawn

pytestmark = [
    *(pytest.mark.browser, pytest.mark.timeout(180)),
    pytest.mark.xdist_group("browser"),
]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
]
PATIENCE_MS = 40_000
expect.set_options(timeout=PATIENCE_MS)  # a password alone may take seconds on a busy machine
PHONE = {"width": 320, "height": 640}
DESK = {"width": 900, "height": 700}
PICTURES = "TERTULIA_TEST_PICTURES"
"""A folder for pictures of the pages; without it they are taken and thrown away."""


NAMES = ("chromium", "chromium-browser")


def chromium(find: Callable[[str], str | None] = shutil.which) -> str:
    """Where Chromium is on this machine."""
    for name in NAMES:
        if (found := find(name)) is not None:
            return found
    pytest.fail(
        "Chromium is missing: install Debian's package `chromium`"
        " (looked for `chromium` and `chromium-browser` in PATH)"
    )


def test_a_missing_chromium_is_named() -> None:
    with pytest.raises(pytest.fail.Exception, match="Chromium is missing: install"):
        chromium(lambda _name: None)


@pytest.fixture
async def node(new_database_url: Callable[[], str]) -> AsyncIterator[RunningNode]:
    """A node whose links lead where the browser can follow."""
    url = new_database_url()
    folder = folder_beside(url) / "hq"
    async with running_node(url, folder, public_means="network", name="hq") as running:
        yield running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield opened
        await opened.close()


@asynccontextmanager
async def window(browser: Browser, node: RunningNode, **given: Any) -> AsyncIterator[Page]:
    """A fresh browser profile without scripts; whatever the policy blocked fails the test."""
    context = await browser.new_context(
        base_url=node.origin,
        java_script_enabled=False,
        **{"viewport": DESK, "reduced_motion": "reduce", **given},
    )
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    yield page
    refused = [text for text in complaints if "Content Security Policy" in text]
    assert refused == []
    await context.close()


async def picture(page: Page, name: str, tmp_path: Path, *, whole: bool = False) -> None:
    folder = Path(os.environ.get(PICTURES) or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=folder / f"{name}.png", full_page=whole)


async def fits(page: Page) -> bool:
    """Whether nothing sticks out to the right."""
    widths = await page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    return bool(widths[0] <= widths[1])


async def come_in(page: Page, node: RunningNode, handle: str = "ana") -> None:
    """By the first admin's link."""
    token = await node.db.write(accounts.first_admin_link)
    await page.goto(f"/welcome/{token}")
    await expect(page.get_by_text("You are the first one here")).to_be_visible()
    await page.get_by_label("Name").fill(handle)
    await page.get_by_label("E-mail address").fill(f"{handle}@mail.example")
    await page.get_by_label("Password").fill("a few words of my own")
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()


async def test_the_first_day(browser: Browser, node: RunningNode, tmp_path: Path) -> None:
    app = await node.db.write(
        insert_app, name="Kiosk", redirect_uris=OUT_OF_BAND, wanted="read write"
    )
    bo = await node.person("bo")
    await bo.say("How do you keep sourdough at night? #bread")
    async with window(browser, node) as page:
        await come_in(page, node)
        await _meet(page)
        (told,) = [line for line in await bo.notifications() if line["type"] == "favourite"]
        assert told["account"]["acct"] == "ana"
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_label("Name or e-mail address").fill("ana")
        await page.get_by_label("Password").fill("a few words of my own")
        await page.get_by_role("button", name="Sign in").click()

        words = "Wet <b>knots</b> & ropes hold better. #knots"
        await page.get_by_label("What are you learning?").fill(words)
        await page.get_by_label("Everyone at work").check()
        await page.get_by_role("button", name="Post").click()
        article = page.get_by_role("article", name="Post by ana")
        await expect(article).to_contain_text("Wet <b>knots</b> & ropes hold better.")
        await expect(article).to_contain_text("Everyone at work")
        await picture(page, "home", tmp_path, whole=True)

        asked = {
            "client_id": app.app.client_id,
            "redirect_uri": OUT_OF_BAND,
            "response_type": "code",
            "scope": "read write",
        }
        await page.goto(f"/oauth/authorize?{urlencode(asked)}")
        await expect(page.get_by_role("heading", name="Allow Kiosk?")).to_be_visible()
        await expect(page.get_by_text("You are signed in as @ana")).to_be_visible()
        await picture(page, "consent", tmp_path)
        await page.get_by_role("button", name="Allow").click()
        code = await page.get_by_label("Code").input_value()
        issued = await node.ask(
            "POST",
            "/oauth/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "client_id": app.app.client_id,
                "client_secret": app.client_secret,
                "redirect_uri": OUT_OF_BAND,
            },
        )
        assert issued.status == 200
        home = await node.ask(
            "GET",
            "/api/v1/timelines/home",
            headers={"Authorization": f"Bearer {issued.json['access_token']}"},
        )
        assert "ropes hold better." in home.json[0]["content"]

        await page.goto("/")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        await page.goto("/settings")
        assert urlsplit(page.url).path == "/sign-in"


async def _meet(page: Page) -> None:
    """Find a colleague, follow, read at home, like."""
    await page.get_by_role("link", name="Search").click()
    await page.get_by_label("A name, @name@server").fill("bo")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name="@bo").click()
    await expect(page.get_by_role("heading", name="bo", exact=True)).to_be_visible()
    await expect(page.get_by_text("How do you keep sourdough")).to_be_visible()
    await page.get_by_role("button", name="Follow", exact=True).click()
    await page.get_by_role("link", name="Home").click()
    article = page.get_by_role("article", name="Post by bo")
    await expect(article).to_contain_text("How do you keep sourdough")
    await article.get_by_role("button", name="Like", exact=True).click()
    await expect(article.get_by_role("button", name="Liked")).to_be_visible()


async def test_the_browser_follows_consent_to_the_app(browser: Browser, node: RunningNode) -> None:
    """CSP form-action applies to the redirect, too: it must let exactly this one through."""
    callback = f"{node.base}/favicon.ico?from=consent"
    app = await node.db.write(insert_app, name="Kiosk", redirect_uris=callback, wanted="read")
    asked = {
        "client_id": app.app.client_id,
        "redirect_uri": callback,
        "response_type": "code",
        "state": "s",
    }
    async with window(browser, node) as page:
        await come_in(page, node)
        await page.goto(f"/oauth/authorize?{urlencode(asked)}")
        await page.get_by_role("button", name="Allow").click()
        await page.wait_for_url(re.compile(re.escape(callback)))
        answer = parse_qs(urlsplit(page.url).query)
        assert answer["state"] == ["s"]
        assert len(answer["code"][0]) > 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_a_small_phone(
    browser: Browser, node: RunningNode, tmp_path: Path, scheme: str
) -> None:
    bo = await node.person("bo")
    given = {"viewport": PHONE, "color_scheme": scheme}
    async with window(browser, node, **given) as page:
        await page.goto("/")
        assert await fits(page)
        await picture(page, f"front-phone-{scheme}", tmp_path)
        await come_in(page, node)
        assert await fits(page)
        status = await bo.say(
            f"@ana Look: https://example.org/{'long/' * 12} and {'w' * 90} #knots",
            spoiler_text="",
        )
        await bo.say("@ana Behind a warning", spoiler_text="About knots")
        await page.goto("/@bo")
        await page.get_by_role("button", name="Follow").click()
        await page.get_by_role("button", name="Like").first.click()
        await expect(page.get_by_role("button", name="Liked")).to_be_visible()
        for path in (
            *("/", "/@bo", f"/@bo/{status['id']}", "/notifications", "/follow-requests"),
            *("/search?q=bo", "/settings", "/tags/knots", "/about", "/nothing-here"),
            *("/settings/moving", "/settings/leave", "/blocks", "/reports", "/communities"),
            *(f"/report?post={status['id']}", f"/posts/{status['id']}/quote"),
            "/authorize_interaction?uri=acct:nobody@nowhere.localhost",
        ):
            await page.goto(path)
            assert await fits(page), path
        await page.goto(f"/@bo/{status['id']}")
        await picture(page, f"post-phone-{scheme}", tmp_path)
        ground = await page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        bright = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) > 384
        assert bright is (scheme == "light")
    async with window(browser, node, color_scheme=scheme) as page:
        await page.goto("/")
        await picture(page, f"front-{scheme}", tmp_path)


async def test_the_keyboard_is_enough(browser: Browser, node: RunningNode) -> None:
    async with window(browser, node) as page:
        await page.goto("/sign-in")
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        outline = await skip.evaluate("node => getComputedStyle(node).outlineStyle")
        assert outline != "none"
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.get_by_label("Name or e-mail address")).to_be_focused()
        await come_in(page, node)
        await page.get_by_label("What are you learning?").fill("Typed and sent by keys")
        for _ in range(12):
            await page.keyboard.press("Tab")
            if await page.get_by_role("button", name="Post").evaluate(
                "node => node === document.activeElement"
            ):
                break
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("article")).to_contain_text("Typed and sent by keys")


async def test_every_field_has_a_name_and_every_page_its_landmarks(
    browser: Browser, node: RunningNode
) -> None:
    async with window(browser, node) as page:
        await come_in(page, node)
        for path in ("/", "/settings", "/search", "/notifications", "/sign-in", "/@ana"):
            await page.goto(path)
            await expect(page.get_by_role("main")).to_have_count(1)
            await expect(page.get_by_role("heading", level=1)).to_have_count(1)
            await expect(page.get_by_role("navigation").first).to_be_visible()
            nameless = await page.evaluate(
                "() => [...document.querySelectorAll('input:not([type=hidden]), textarea')]"
                ".filter(field => field.labels.length === 0).length"
            )
            assert nameless == 0, path
            assert await page.title()


async def test_a_picture_is_posted_and_seen_on_a_phone(
    browser: Browser, node: RunningNode, tmp_path: Path
) -> None:
    photo = tmp_path / "knot.jpg"
    photo.write_bytes(drawn(size=(1600, 1200)))
    async with window(browser, node, viewport=PHONE) as page:
        await come_in(page, node)
        await page.get_by_label("What are you learning?").fill("Look at this knot")
        await page.get_by_text("Add pictures").click()
        await page.get_by_label("File 1", exact=True).set_input_files(photo)
        await page.get_by_label("What it shows").first.fill("a wet knot")
        await picture(page, "compose-with-picture", tmp_path, whole=True)
        await page.get_by_role("button", name="Post").click()
        shown = page.get_by_role("article").get_by_role("img", name="a wet knot")
        await expect(shown).to_be_visible()
        await shown.scroll_into_view_if_needed()
        width = "image => image.decode().then(() => image.naturalWidth)"
        assert await shown.evaluate(width) > 300, "it came from the node itself"
        assert await fits(page)
        await picture(page, "picture", tmp_path, whole=True)
