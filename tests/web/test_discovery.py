"""How other servers find us: WebFinger and host-meta in the form that is asked for, NodeInfo."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from domain.node import SOFTWARE, VERSION
from social.profiles import ProfileChange, update_profile
from tests.support.nodes import Person, RunningNode
from web.accept import preferred

XRD = "{http://docs.oasis-open.org/ns/xri/xrd-1.0}"


@pytest.fixture
async def shown(node: RunningNode, ana: Person) -> Person:
    """Ana, who may be looked up from outside."""
    change = ProfileChange(public=True)
    await node.db.write(update_profile, node=node.node, actor_id=ana.id, change=change)
    return ana


async def finger(node: RunningNode, resource: str, accept: str = "") -> Any:
    headers = {"Accept": accept} if accept else {}
    return await node.ask(
        "GET", "/.well-known/webfinger", params={"resource": resource}, headers=headers
    )


# Accept (RFC 9110 §12.5.1).

OFFERED = ("application/jrd+json", "application/json", "application/xrd+xml")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", 0),
        ("*/*", 0),
        ("application/*", 0),
        ("application/json", 1),
        ("application/xrd+xml, application/jrd+json", 0),
        ("application/xrd+xml;q=0.9, application/json;q=0.8", 2),
        ("Application/JSON ; q=1.0 , application/jrd+json;q=0.1", 1),
        ("application/jrd+json;q=0, */*;q=0.5", 1),
        ("text/html", None),
        ("application/json;q=nonsense", None),
        (",;,=;q", None),
    ],
)
def test_the_best_of_what_is_offered_is_chosen(header: str, expected: int | None) -> None:
    assert preferred(header, OFFERED) == (None if expected is None else OFFERED[expected])


def test_D16_a_long_header_costs_nothing() -> None:
    assert preferred("a/b," * 50_000, OFFERED) is None


# WebFinger.


@pytest.mark.parametrize("accept", ["", "*/*", "application/jrd+json", "text/html"])
async def test_webfinger_is_jrd_unless_asked_otherwise(
    node: RunningNode, shown: Person, accept: str
) -> None:
    answer = await finger(node, f"acct:ana@{node.host}", accept)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/jrd+json")
    assert answer.json["subject"] == f"acct:ana@{node.host}"


async def test_webfinger_comes_as_plain_json_and_as_xrd(node: RunningNode, shown: Person) -> None:
    resource = f"acct:ana@{node.host}"
    plain = await finger(node, resource, "application/json")
    assert plain.headers["Content-Type"].startswith("application/json")
    assert plain.json == (await finger(node, resource)).json
    xrd = await finger(node, resource, "application/xrd+xml")
    assert xrd.headers["Content-Type"].startswith("application/xrd+xml")
    root = ET.fromstring(xrd.body)
    assert root.findtext(f"{XRD}Subject") == resource
    links = {link.get("rel"): link.attrib for link in root.findall(f"{XRD}Link")}
    assert links["self"]["href"] == shown.uri
    assert "application/jrd+json" in (await finger(node, resource, PLEROMA)).headers["Content-Type"]


PLEROMA = "application/xrd+xml,application/jrd+json"


async def test_G10_nobody_hidden_is_told_in_any_form(
    node: RunningNode, bo: Person, shown: Person
) -> None:
    for accept in ("", "application/json", "application/xrd+xml"):
        hidden = await finger(node, f"acct:bo@{node.host}", accept)
        nobody = await finger(node, f"acct:nobody@{node.host}", accept)
        assert (hidden.status, hidden.body) == (nobody.status, nobody.body)
        assert hidden.status == 404


@pytest.mark.parametrize(
    "resource",
    ["acct:ANA@{host}", "ana@{host}", "@ana@{host}", "acct:@ana@{host}", "{origin}/@ana", "{uri}"],
)
async def test_one_person_under_every_spelling(
    node: RunningNode, shown: Person, resource: str
) -> None:
    given = resource.format(host=node.host, origin=node.origin, uri=shown.uri)
    answer = await finger(node, given)
    assert (answer.status, answer.json["subject"]) == (200, f"acct:ana@{node.host}")


@pytest.mark.parametrize(
    "resource", ["acct:ana@{name}", "acct:ana@elsewhere.example", "acct:ana", "{origin}/@ana/1"]
)
async def test_another_domain_or_none_is_nobody(
    node: RunningNode, shown: Person, resource: str
) -> None:
    given = resource.format(name=node.host.partition(":")[0], origin=node.origin)
    assert (await finger(node, given)).status == 404


@pytest.mark.interop("WebFinger", "out", "remote follow", peer="a stranger")
async def test_a_page_elsewhere_learns_where_to_send_somebody(
    node: RunningNode, shown: Person
) -> None:
    links = (await finger(node, f"acct:ana@{node.host}")).json["links"]
    templates = {link["rel"]: link["template"] for link in links if "template" in link}
    page = f"{node.origin}/authorize_interaction?uri="
    assert templates["http://ostatus.org/schema/1.0/subscribe"] == f"{page}{{uri}}"
    assert templates["https://w3id.org/fep/3b86/Follow"] == f"{page}{{object}}"
    helper = (await finger(node, f"acct:tertulia@{node.host}")).json["links"]
    assert not [link for link in helper if "template" in link], "nobody follows as the helper"


SERVICE = "https://www.w3.org/ns/activitystreams#Service"


@pytest.mark.interop(
    "WebFinger", "out", "the node's own address leads to its Application", peer="a stranger"
)
@pytest.mark.parametrize("end", ["", "/"])
async def test_d556_the_origin_itself_leads_to_the_application(
    node: RunningNode, shown: Person, end: str
) -> None:
    found = (await finger(node, f"{node.origin}{end}")).json
    (service,) = [link["href"] for link in found["links"] if link["rel"] == SERVICE]
    said = (await node.ask("GET", service, headers={"Accept": AS2})).json
    assert (said["id"], said["type"]) == (service, "Application")
    person = (await finger(node, f"acct:ana@{node.host}")).json["links"]
    assert SERVICE not in {link["rel"] for link in person}, "nobody else speaks for the node"
    for elsewhere in ("http://elsewhere.example", f"{node.origin}.example"):
        assert (await finger(node, elsewhere)).status == 404


# host-meta.


@pytest.mark.interop("host-meta", "out", "leads to WebFinger, as XRD or JSON", peer="a stranger")
@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("host-meta", "", "application/xrd+xml"),
        ("host-meta", "application/json", "application/json"),
        ("host-meta", "application/jrd+json", "application/jrd+json"),
        ("host-meta.json", "", "application/json"),
        ("host-meta.json", "application/xrd+xml", "application/json"),
    ],
)
async def test_host_meta_leads_to_webfinger(
    node: RunningNode, path: str, accept: str, kind: str
) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = await node.ask("GET", f"/.well-known/{path}", headers=headers)
    assert answer.headers["Content-Type"].startswith(kind)
    template = f"{node.origin}/.well-known/webfinger?resource={{uri}}"
    if kind == "application/xrd+xml":
        link = ET.fromstring(answer.body).find(f"{XRD}Link")
        assert link is not None
        assert (link.get("rel"), link.get("template")) == ("lrdd", template)
    else:
        assert answer.json == {"links": [{"rel": "lrdd", "template": template}]}


# NodeInfo: the constraints of its two schemas, written out
# (nodeinfo.diaspora.software/schema.html; a property that they do not know is refused).

PROTOCOLS = {"activitypub", "buddycloud", "dfrn", "diaspora", "libertree", "ostatus", "pumpio"}
NAME = re.compile(r"[a-z0-9-]+")


def check_nodeinfo(document: Mapping[str, Any], version: str) -> None:
    """Fails unless the document is valid against the schema of this version."""
    assert set(document) == {
        *("version", "software", "protocols", "services"),
        *("openRegistrations", "usage", "metadata"),
    }
    assert document["version"] == version
    software = document["software"]
    optional = {"repository", "homepage"} if version == "2.1" else set()
    assert {"name", "version"} <= set(software) <= {"name", "version"} | optional
    assert NAME.fullmatch(software["name"])
    assert isinstance(software["version"], str)
    protocols = document["protocols"]
    assert protocols
    assert set(protocols) <= PROTOCOLS
    assert len(set(protocols)) == len(protocols)
    assert set(document["services"]) == {"inbound", "outbound"}
    assert all(isinstance(each, list) for each in document["services"].values())
    assert isinstance(document["openRegistrations"], bool)
    usage = document["usage"]
    assert {"users"} <= set(usage) <= {"users", "localPosts", "localComments"}
    assert set(usage["users"]) <= {"total", "activeHalfyear", "activeMonth"}
    assert isinstance(document["metadata"], dict)


@pytest.mark.parametrize("version", ["2.0", "2.1"])
@pytest.mark.interop("NodeInfo", "out", "valid against its schema", peer="a stranger")
async def test_nodeinfo_is_valid(node: RunningNode, version: str) -> None:
    links = (await node.ask("GET", "/.well-known/nodeinfo")).json["links"]
    schema = f"http://nodeinfo.diaspora.software/ns/schema/{version}"
    found = {link["rel"]: link["href"] for link in links}
    answer = await node.ask("GET", found[schema])
    assert answer.status == 200
    assert f'profile="{schema}#"' in answer.headers["Content-Type"]
    check_nodeinfo(answer.json, version)
    assert answer.json["software"] == {"name": SOFTWARE, "version": VERSION}
    assert answer.json["usage"] == {"users": {}}, "no counts"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"version": "2.2"},
        {"software": {"name": "Tertulia 1", "version": "1"}},
        {"protocols": []},
        {"extra": 1},
        {"usage": {"users": {"today": 1}}},
    ],
)
async def test_the_check_refuses_what_the_schema_refuses(
    node: RunningNode, spoilt: dict[str, Any]
) -> None:
    document = (await node.ask("GET", "/nodeinfo/2.1")).json
    with pytest.raises(AssertionError):
        check_nodeinfo(document | spoilt, "2.1")


# What actors say of themselves and their server.


@pytest.mark.interop(
    "implements (FEP-844e)", "out", "on the Application and as its generator", peer="a stranger"
)
@pytest.mark.interop("Application", "out", "found by NodeInfo, whole for all", peer="a stranger")
async def test_the_application_says_what_is_implemented(node: RunningNode) -> None:
    links = (await node.ask("GET", "/.well-known/nodeinfo")).json["links"]
    application = next(link["href"] for link in links if link["rel"].endswith("#Application"))
    said = (await node.ask("GET", application, headers={"Accept": AS2})).json
    hrefs = [link["href"] for link in said["implements"]]
    assert "https://datatracker.ietf.org/doc/html/rfc9421" in hrefs
    assert said["generator"]["implements"] == said["implements"]
    assert said["webfinger"] == f"node@{node.host}"


@pytest.mark.interop("Service", "out", "the helper, whole for everybody", peer="a stranger")
async def test_the_helper_is_shown_to_everybody(node: RunningNode, bo: Person) -> None:
    links = (await finger(node, f"acct:tertulia@{node.host}")).json["links"]
    (uri,) = [link["href"] for link in links if link["rel"] == "self"]
    said = (await node.ask("GET", uri, headers={"Accept": AS2})).json
    assert (said["id"], said["type"], said["preferredUsername"]) == (uri, "Service", "tertulia")
    assert {"outbox", "assertionMethod", "publicKey"} <= set(said)
    assert (await node.ask("GET", bo.uri, headers={"Accept": AS2})).status == 404


AS2 = "application/activity+json"


@pytest.mark.parametrize(
    ("accept", "is_document"),
    [
        (AS2, True),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', True),
        (f"{AS2}, text/html;q=0.1", True),
        (f"{AS2}, application/ld+json", True),
        (f"text/html, {AS2}", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        (f"text/html, {AS2};q=0.5", False),
        ("*/*", False),
        ("", False),
    ],
)
async def test_a_page_or_a_document_as_is_preferred(
    node: RunningNode, shown: Person, accept: str, is_document: bool
) -> None:
    answer = await node.ask("GET", f"{node.origin}/@ana", headers={"Accept": accept})
    assert (answer.status == 303) is is_document, answer.headers
