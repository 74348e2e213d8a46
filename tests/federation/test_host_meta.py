"""Where WebFinger is, if a domain says so by host-meta alone (RFC 6415)."""

import pytest

from federation.discovery import find_handle
from federation.fetcher import CannotFetch
from federation.host_meta import template_in
from tests.inbox.home import Home
from tests.support.stranger import Page, Stranger

XRD = '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">{}</XRD>'
TEMPLATE = "https://far.example/finger?of={uri}"


@pytest.mark.parametrize(
    "document",
    [
        XRD.format(f'<Link rel="lrdd" template="{TEMPLATE}"/>'),
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        + XRD.format(f'\n <Link type="application/xrd+xml" rel="lrdd" template="{TEMPLATE}" />\n'),
        XRD.format(f"<Link rel='lrdd' template='{TEMPLATE}'></Link>"),
        "\ufeff" + XRD.format(f'<Link template="{TEMPLATE}" rel="lrdd"/><Link rel="x"/>'),
        f'{{"links": [{{"rel": "other"}}, {{"rel": "lrdd", "template": "{TEMPLATE}"}}]}}',
    ],
    ids=["plain", "declared", "open and closed", "with a mark", "as JSON"],
)
def test_the_template_is_read(document: str) -> None:
    assert template_in(document.encode()) == TEMPLATE


@pytest.mark.parametrize(
    "document",
    [
        "",
        "nothing of the kind",
        XRD.format('<Link rel="lrdd"/>'),
        XRD.format('<Link rel="lrdd" template="https://far.example/finger"/>'),
        XRD.format(f'<Link rel="hub" template="{TEMPLATE}"/>'),
        XRD.format(f'<Link rel="lrdd" template="https://far.example/{"x" * 3000}{{uri}}"/>'),
        '{"links": "lrdd"}',
        '{"links": [{"rel": "lrdd", "template": 7}]}',
        '{"links": ',
    ],
)
def test_what_is_no_template_is_none(document: str) -> None:
    assert template_in(document.encode()) is None


def test_D05_entities_are_not_expanded() -> None:
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        + XRD.format('<Link rel="lrdd" template="https://far.example/&f;&b;{uri}"/>')
    )
    found = template_in(bomb.encode())
    assert found is not None
    assert "root:" not in found
    assert len(found) < 100


def leading(server: Stranger, template: str) -> None:
    text = XRD.format(f'<Link rel="lrdd" template="{template}"/>')
    server.pages["/.well-known/host-meta"] = Page(text.encode(), type="application/xrd+xml")


@pytest.mark.interop(
    "host-meta", "in", "a domain without WebFinger leads to its server", peer="a stranger"
)
async def test_a_domain_leads_to_its_server(here: Home, b: Stranger, e: Stranger) -> None:
    ana = b.person("ana")
    leading(e, b.url("/finger?of={uri}"))
    link = {"rel": "self", "type": "application/activity+json", "href": ana.uri}
    said = Page(
        {"subject": f"acct:ana@{e.authority}", "links": [link]}, type="application/jrd+json"
    )
    b.pages["/finger"] = b.pages["/.well-known/webfinger"] = said
    e.pages["/.well-known/webfinger"] = Page(status=404)
    found = await find_handle(here.fetcher, "ana", e.authority)
    assert found is not None
    assert (found.uri, found.domain) == (ana.uri, e.authority)


async def test_host_meta_is_asked_only_after_webfinger_said_no(here: Home, b: Stranger) -> None:
    b.person("ana")
    assert await find_handle(here.fetcher, "ana", b.authority) is not None
    assert b.fetches("/.well-known/host-meta") == 0
    assert await find_handle(here.fetcher, "nobody", b.authority) is None
    assert b.fetches("/.well-known/host-meta") == 1


async def test_F01_host_meta_leads_to_no_server_that_is_not_admitted(
    here: Home, b: Stranger, x: Stranger
) -> None:
    leading(b, x.url("/finger?of={uri}"))
    assert await find_handle(here.fetcher, "ana", b.authority) is None
    assert x.seen == []


@pytest.mark.parametrize(
    "template",
    ["http://10.0.0.1/{uri}", "http://169.254.169.254/{uri}", "file:///{uri}", "//x/{uri}"],
)
async def test_F01_host_meta_leads_to_no_forbidden_address(
    here: Home, b: Stranger, template: str
) -> None:
    leading(b, template)
    assert await find_handle(here.fetcher, "ana", b.authority) is None


async def test_a_silent_server_is_still_told_from_nobody(here: Home, b: Stranger) -> None:
    b.pages["/.well-known/webfinger"] = Page(status=503)
    leading(b, b.url("/finger?of={uri}"))
    with pytest.raises(CannotFetch):
        await find_handle(here.fetcher, "ana", b.authority)
