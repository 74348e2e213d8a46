"""A poll in a real browser without scripts: asked, chosen by keys, read on a phone in the dark."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.nodes import RunningNode
from tests.web.test_browser import DESK, PHONE, browser, come_in, fits, node, picture, window

__all__ = ["browser", "node"]

pytestmark = [
    *(pytest.mark.browser, pytest.mark.timeout(180)),
    pytest.mark.xdist_group("browser"),
]

POLL = {"options": ["Every week", "Every other week", "Only when it rains"], "expires_in": 3600}


@pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone", "desk"]
)
async def test_a_poll_by_keys(
    browser: Browser, node: RunningNode, tmp_path: Path, size: dict[str, int], scheme: str
) -> None:
    bo, cy = await node.person("bo"), await node.person("cy")
    asked = await bo.say("How often shall we meet?", poll=POLL)
    await cy.post(f"/api/v1/polls/{asked['id']}/votes", choices=[0])
    async with window(browser, node, viewport=size, color_scheme=scheme) as page:
        await come_in(page, node)
        await page.goto(f"/@bo/{asked['id']}")
        await picture(page, f"poll-{scheme}", tmp_path, whole=True)
        await page.get_by_role("radio", name="Every week").focus()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        poll = page.get_by_role("region", name="Poll")
        await expect(poll).to_contain_text("Every other week (your choice)")
        await expect(poll).to_contain_text("2 people voted")
        await expect(poll.get_by_role("button")).to_have_count(0)
        assert await fits(page)
        await picture(page, f"poll-voted-{scheme}", tmp_path, whole=True)
        await page.goto("/")
        await page.get_by_label("What are you learning?").fill("And where?")
        await page.get_by_text("Add a poll").click()
        await page.get_by_label("Answers to choose from").fill("Here\nThere")
        await page.get_by_label("Six hours").check()
        assert await fits(page)
        await picture(page, f"poll-asking-{scheme}", tmp_path, whole=True)
        await page.get_by_role("button", name="Post", exact=True).click()
        mine = page.get_by_role("article", name="Post by ana")
        await expect(mine).to_contain_text("There")
        await expect(mine).to_contain_text("0 votes")
        await expect(mine.get_by_role("button", name="Vote")).to_have_count(0)
