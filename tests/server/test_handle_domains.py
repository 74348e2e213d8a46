"""What doctor finds out about the domain of the handles: asked as other servers ask."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bench.ports import free_port
from server import doctor
from tests.support.nodes import RunningNode, running_node
from tests.support.stranger import Page, Stranger, stranger
from tests.together.test_handle_domains import by_host_meta, by_redirect


@pytest.fixture
async def acme() -> AsyncIterator[Stranger]:
    """The domain in which the handles end."""
    async with stranger("acme") as server:
        yield server


@pytest.fixture
async def node(
    new_database_url: Callable[[], str], tmp_path: Path, acme: Stranger
) -> AsyncIterator[RunningNode]:
    url = new_database_url()
    async with running_node(url, tmp_path / "hq", handle_domain=acme.authority) as running:
        yield running


async def said(node: RunningNode) -> tuple[str, str]:
    """Doctor's grade and words about the handle domain."""
    found = await asyncio.to_thread(doctor.examine, node.parts.settings)
    (one,) = [finding for finding in found if finding.about == "handle_domain"]
    return one.grade, one.text


@pytest.mark.parametrize("lead", [by_redirect, by_host_meta])
async def test_a_domain_that_leads_here_is_fine(
    node: RunningNode, acme: Stranger, lead: Callable[[Stranger, str], None]
) -> None:
    lead(acme, node.origin)
    assert await said(node) == ("fine", f"{acme.authority} leads here.")


async def test_a_domain_that_knows_nothing_is_wrong(node: RunningNode, acme: Stranger) -> None:
    grade, text = await said(node)
    assert grade == "wrong"
    assert "does not lead here: see docs/moving.md" in text


async def test_a_domain_that_leads_elsewhere_is_wrong(node: RunningNode, acme: Stranger) -> None:
    async with stranger("other") as other:
        other.person("node")
        link = {"rel": "self", "href": other.url("/users/node")}
        page = Page({"links": [link]}, type="application/jrd+json")
        acme.pages["/.well-known/webfinger"] = page
        grade, text = await said(node)
        assert (grade, "leads to another server" in text) == ("wrong", True)
        by_host_meta(acme, other.origin)
        acme.pages["/.well-known/webfinger"] = Page(status=404)
        assert (await said(node))[0] == "wrong"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"links": 7}', b'{"links": [7, {}]}'])
async def test_nonsense_is_wrong(node: RunningNode, acme: Stranger, body: bytes) -> None:
    acme.pages["/.well-known/webfinger"] = Page(body, type="application/jrd+json")
    assert (await said(node))[0] == "wrong"


async def test_a_domain_that_does_not_answer_is_a_note(
    new_database_url: Callable[[], str], tmp_path: Path
) -> None:
    url, silent = new_database_url(), f"acme.localhost:{free_port()}"
    async with running_node(url, tmp_path / "hq", handle_domain=silent) as node:
        grade, text = await said(node)
        assert (grade, "cannot be asked right now" in text) == ("note", True)


async def test_nothing_is_asked_where_the_domain_is_the_nodes_own(
    new_database_url: Callable[[], str], tmp_path: Path
) -> None:
    async with running_node(new_database_url(), tmp_path / "hq") as node:
        found = await asyncio.to_thread(doctor.examine, node.parts.settings)
        assert "handle_domain" not in {finding.about for finding in found}
