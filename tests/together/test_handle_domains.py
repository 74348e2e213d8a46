"""Handles of another domain than the node's: the domain leads to the node, the node names it."""

from collections.abc import Callable

import pytest

from tests.support.nodes import Nodes, Person, RunningNode
from tests.support.stranger import Page, Seen, Stranger, stranger
from tests.together.stories import befriend, known, settled, told

Lead = Callable[[Stranger, str], None]


def by_redirect(domain: Stranger, origin: str) -> None:
    """As docs/moving.md and docs/settings.md tell operators: one redirect."""

    def away(seen: Seen) -> Page:
        return Page(status=301, headers={"Location": f"{origin}{seen.path}?{seen.query}"})

    domain.pages["/.well-known/webfinger"] = away


def by_host_meta(domain: Stranger, origin: str) -> None:
    """As servers do that can serve files alone (RFC 6415)."""
    text = (
        '<?xml version="1.0"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        f'<Link rel="lrdd" template="{origin}/.well-known/webfinger?resource={{uri}}"/></XRD>'
    )
    domain.pages["/.well-known/host-meta"] = Page(text.encode(), type="application/xrd+xml")


async def started(nodes: Nodes, domain: Stranger, lead: Lead) -> tuple[RunningNode, Person]:
    """A node whose handles end in another domain, and somebody on it."""
    hq = await nodes.start("hq", handle_domain=domain.authority)
    lead(domain, hq.origin)
    return hq, await known(hq, "ana")


@pytest.mark.parametrize("lead", [by_redirect, by_host_meta])
@pytest.mark.interop("WebFinger", "out", "handles of another domain are found", peer="our nodes")
async def test_somebody_is_known_under_the_domain_of_the_handle(nodes: Nodes, lead: Lead) -> None:
    async with stranger("acme") as domain:
        hq, ana = await started(nodes, domain, lead)
        lab = await nodes.start("lab")
        ben = await known(lab, "ben")
        assert ana.acct == f"@ana@{domain.authority}"
        found = await ben.find(ana.acct)
        assert (found["acct"], found["uri"]) == (ana.acct[1:], ana.uri)
        origin = hq.origin.partition("//")[2]
        assert (await ben.find(f"@ana@{origin}"))["id"] == found["id"], "both names are hers"


async def test_people_write_to_each_other_across_such_domains(nodes: Nodes) -> None:
    async with stranger("acme") as domain:
        hq, ana = await started(nodes, domain, by_redirect)
        lab = await nodes.start("lab")
        ben = await known(lab, "ben")
        await befriend(ben, ana)
        await ben.say(f"{ana.acct} hello")
        note = await told(ana, "mention")
        names = {each["acct"]: each["username"] for each in note["status"]["mentions"]}
        assert names == {"ana": "ana"}
        await ana.say(f"{ben.acct} hello yourself", in_reply_to_id=note["status"]["id"])
        answer = await told(ben, "mention")
        assert answer["account"]["acct"] == ana.acct[1:]
        await settled(hq, lab)


async def test_O08_a_domain_that_leads_elsewhere_gives_nobody(nodes: Nodes) -> None:
    async with stranger("acme") as domain, stranger("other") as other:
        _, ana = await started(nodes, domain, by_redirect)
        lab = await nodes.start("lab")
        ben = await known(lab, "ben")
        other.person("ana")
        by_redirect(domain, other.origin)  # the domain now says that ana is somebody else's
        found = await ben.get("/api/v2/search", q=ana.acct, resolve="true", type="accounts")
        assert found["accounts"] == []
        by_address = await ben.get("/api/v2/search", q=ana.uri, resolve="true", type="accounts")
        assert by_address["accounts"] == [], "her own server claims a handle that is not hers"
