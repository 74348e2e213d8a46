"""A real browser, scripts switched off: a newcomer's first hour, from the welcome link on."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.async_api import Page, ViewportSize, async_playwright, expect

from social import accounts
from tests.support.nodes import RunningNode, free_port, running_node

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NAMES = ("chromium", "chromium-browser")
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
QUIETLY = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PATIENCE_MS = 15_000
SMALL: ViewportSize = {"width": 360, "height": 740}


def chromium(find: Callable[[str], str | None] = shutil.which) -> str:
    """Where Chromium is on this machine."""
    for name in NAMES:
        if (found := find(name)) is not None:
            return found
    pytest.fail(
        "Chromium is missing: install Debian's package `chromium`"
        " (looked for `chromium` and `chromium-browser` in PATH)"
    )


@pytest.fixture
async def node(new_database_url: Callable[[], str], tmp_path: Path) -> AsyncIterator[RunningNode]:
    """A node at 127.0.0.1 itself, so that links lead where the browser can follow."""
    port = free_port()
    async with running_node(
        new_database_url(),
        tmp_path / "hq",
        port=port,
        origin=f"http://127.0.0.1:{port}",
        public_means="network",
    ) as running:
        yield running


@pytest.fixture
async def page(node: RunningNode) -> AsyncIterator[Page]:
    """A tab of a small phone, in which scripts do not run."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=QUIETLY)
        try:
            context = await browser.new_context(
                base_url=node.base, java_script_enabled=False, viewport=SMALL
            )
            context.set_default_timeout(PATIENCE_MS)
            yield await context.new_page()
        finally:
            await browser.close()


def test_a_missing_chromium_is_named() -> None:
    with pytest.raises(pytest.fail.Exception, match="Chromium is missing: install"):
        chromium(lambda _name: None)


async def test_a_newcomers_first_hour(node: RunningNode, page: Page) -> None:
    bo = await node.person("bo")
    await bo.say("How do you keep sourdough at night? #bread")
    await _create_account(node, page)
    await _write(page)
    await _visit(page)
    (told,) = [line for line in await bo.notifications() if line["type"] == "favourite"]
    assert told["account"]["acct"] == "olga"
    await _allow(node, page)
    await _sign_out(page)


async def _create_account(node: RunningNode, page: Page) -> None:
    secret = await node.db.write(accounts.first_admin_link)
    await page.goto(f"/welcome/{secret}")
    await expect(page.get_by_text("You are the first one here")).to_be_visible()
    await page.get_by_label("Name").fill("olga")
    await page.get_by_label("E-mail address").fill("olga@mail.example")
    await page.get_by_label("Password").fill("three wet umbrellas")
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("heading", name="Home", exact=True)).to_be_visible()


async def _write(page: Page) -> None:
    await page.get_by_label("What are you learning?").fill("My first <b>loaf</b> & what went wrong")
    await page.get_by_label("Everyone at work").check()
    await page.get_by_role("button", name="Post", exact=True).click()
    article = page.get_by_role("article", name="Post by olga")
    await expect(article).to_contain_text("My first <b>loaf</b> & what went wrong")
    await expect(article).to_contain_text("Everyone at work")


async def _visit(page: Page) -> None:
    await page.get_by_role("link", name="Search").click()
    await page.get_by_label("A name, @name@server").fill("bo")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name="@bo").click()
    await expect(page.get_by_role("heading", name="bo", exact=True)).to_be_visible()
    await expect(page.get_by_text("How do you keep sourdough")).to_be_visible()
    await page.get_by_role("button", name="Follow", exact=True).click()
    await page.get_by_role("link", name="Home").click()
    await expect(page.get_by_text("How do you keep sourdough")).to_be_visible()
    article = page.get_by_role("article", name="Post by bo")
    await article.get_by_role("button", name="Like", exact=True).click()
    await expect(article.get_by_role("button", name="Liked")).to_be_visible()


async def _allow(node: RunningNode, page: Page) -> None:
    app = {"client_name": "Notes", "redirect_uris": OUT_OF_BAND, "scopes": "read"}
    made = (await node.ask("POST", "/api/v1/apps", json=app)).json
    asked = f"client_id={quote(made['client_id'])}&redirect_uri={OUT_OF_BAND}&scope=read"
    await page.goto(f"/oauth/authorize?response_type=code&{asked}")
    await expect(page.get_by_text("You are signed in as @olga")).to_be_visible()
    await page.get_by_role("button", name="Allow").click()
    code = await page.get_by_label("Code").input_value()
    sent = {"grant_type": "authorization_code", "redirect_uri": OUT_OF_BAND, "code": code}
    sent |= {name: made[name] for name in ("client_id", "client_secret")}
    token = (await node.ask("POST", "/oauth/token", data=sent)).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    me = await node.ask("GET", "/api/v1/accounts/verify_credentials", headers=headers)
    assert me.json["acct"] == "olga"


async def _sign_out(page: Page) -> None:
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto("/notifications")
    await expect(page.get_by_label("Password")).to_be_visible()
