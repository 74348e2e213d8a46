"""What this node tells apps before anybody signed in, and when they start."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from domain.audience import Audience, Kind
from domain.kinds import Role
from domain.node import Federation, Node
from social.house import WHO_READS
from storage.tx import Tx
from tests.support.commands import done, refused
from tests.support.factories import add_post, add_remote, add_sister, origin_of
from tests.support.nodes import Person, RunningNode
from tests.support.strict import check
from tests.web.visitor import Visitors
from web.mastodon.entities import instance as entities


async def test_instance_v2_is_complete(node: RunningNode, ana: Person) -> None:
    found = check("instance", (await node.ask("GET", "/api/v2/instance")).json)
    assert found["version"] == "4.5.0 (compatible; Tertulia 0.1.0)"
    assert found["api_versions"] == {"mastodon": 7}
    assert found["domain"] == node.host
    assert found["configuration"]["urls"]["streaming"] == node.origin.replace("http", "ws")
    assert found["configuration"]["statuses"]["characters_reserved_per_url"] == 23


async def test_instance_v1_is_complete(node: RunningNode) -> None:
    found = check("instance_v1", (await node.ask("GET", "/api/v1/instance")).json)
    assert found["urls"]["streaming_api"] == node.origin.replace("http", "ws")


async def test_the_description_says_in_two_lines_who_reads_what(node: RunningNode) -> None:
    found = (await node.ask("GET", "/api/v2/instance")).json["description"]
    first, second = found.splitlines()
    assert "read by members here and at our sister nodes, and by nobody else" in first
    assert "Followers-only posts are read by those you let follow you" in second
    longer = (await node.ask("GET", "/api/v1/instance/extended_description")).json
    assert longer["content"].count("<p>") == 2


@pytest.mark.parametrize("kind", [Kind.PUBLIC, Kind.NETWORK, Kind.NODE])
def test_every_meaning_of_public_has_its_own_sentence(kind: Kind) -> None:
    node = Node("https://a.example", "a.example", public_means=kind, federation=Federation.OPEN)
    others = {text for other, text in WHO_READS.items() if other is not kind}
    assert entities.description(node).splitlines()[0] not in others


async def test_G39_figures_and_peers_tell_nothing(node: RunningNode, ana: Person) -> None:
    async def outside() -> list[Any]:
        paths = ("v1/instance", "v2/instance", "v1/instance/activity", "v1/instance/peers")
        return [(await node.ask("GET", f"/api/{path}")).json for path in paths]

    before = await outside()
    for number in range(3):
        await ana.say(f"Something {number}")
    assert await outside() == before
    weeks = before[2]
    assert len(weeks) == 12
    assert {week[name] for week in weeks for name in ("statuses", "logins", "registrations")} == {
        "0"
    }
    assert before[3] == []


@pytest.mark.operation("GET /api/v1/instance/rules", "GET /api/v2/instance", "GET /api/v1/instance")
async def test_rules_begin_with_who_reads_what_and_go_on_with_the_operators(
    node: RunningNode,
) -> None:
    async def rules() -> list[Any]:
        alone = (await node.ask("GET", "/api/v1/instance/rules")).json
        for path in ("v1", "v2"):
            assert (await node.ask("GET", f"/api/{path}/instance")).json["rules"] == alone
        return [(one["text"], one["hint"]) for one in alone]

    [first] = await rules()
    assert len(first[1].splitlines()) == 2
    assert "read by members here" in first[1]
    assert "rule 1" in await done(node, "rules", "add", "Be kind", "--hint", "Also when in a hurry")
    assert "rule 2" in await done(node, "rules", "add", "No adverts")
    await done(node, "rules", "move", "2", "1")
    assert [text for text, _ in await rules()] == [first[0], "No adverts", "Be kind"]
    await done(node, "rules", "change", "2", "Be kind to all")
    assert (await rules())[2] == ("Be kind to all", "Also when in a hurry")
    assert "2. Be kind to all" in await done(node, "rules", "list")
    await done(node, "rules", "remove", "1")
    assert [text for text, _ in await rules()] == [first[0], "Be kind to all"]
    await done(node, "rules", "add", "<script>alert(1)</script>", "--hint", "{{ 7*7 }}")
    about = (await node.ask("GET", "/about")).text
    assert "&lt;script&gt;" in about, "H01"
    assert "{{ 7*7 }}" in about, "H08"
    assert "no rule 7" in await refused(node, "rules", "remove", "7")
    assert "no rule 0" in await refused(node, "rules", "change", "0", "Everybody reads all")
    assert "up to" in await refused(node, "rules", "add", " ")


@pytest.mark.operation("POST /api/v1/reports")
async def test_a_report_names_rules_and_a_moderator_reads_them(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    await done(node, "rules", "add", "Be kind")
    first, kind = (await node.ask("GET", "/api/v1/instance/rules")).json
    said = {"account_id": str(bo.id), "category": "violation"}
    report = await ana.post("/api/v1/reports", **said, rule_ids=[kind["id"], first["id"]])
    assert report["rule_ids"] == [kind["id"], first["id"]]
    await done(node, "rules", "remove", "1")
    shown = await done(node, "reports", "show", report["id"])
    assert "Be kind" in shown, "in the words of then"
    assert first["text"] in shown
    unknown = await ana.ask("POST", "/api/v1/reports", json=said | {"rule_ids": ["77"]})
    assert (unknown.status, "no such rule" in unknown.json["error"]) == (422, True)


async def test_a_rule_is_chosen_on_the_page_where_something_is_reported(
    node: RunningNode, ana: Person, bo: Person, visitors: Visitors
) -> None:
    await done(node, "rules", "add", "Be kind")
    mo = await node.person("mo", Role.MODERATOR)
    _, kind = (await node.ask("GET", "/api/v1/instance/rules")).json
    browser = await visitors.of(ana)
    assert "Be kind" in (await browser.get(f"/report?person={bo.id}")).text
    sent = {"comment": "Shouted", "category": "2", "rules[]": kind["id"]}
    assert (await browser.send("/report", **sent)).status == 200
    looking = await visitors.of(mo)
    listed = await looking.get("/reports")
    [address] = [a.attributes["href"] for a in listed.tree.css("section.line a")]
    assert "Be kind" in (await looking.get(str(address))).text


@pytest.mark.operation(
    "GET /api/v1/instance/extended_description", "GET /api/v1/instance/privacy_policy"
)
async def test_texts_are_the_operators_where_there_are_any(
    node: RunningNode, tmp_path: Path
) -> None:
    async def text(name: str) -> Any:
        return (await node.ask("GET", f"/api/v1/instance/{name}")).json

    own = await text("privacy_policy")
    assert "hash of your password" in own["content"]
    given = tmp_path / "text.txt"
    given.write_text("We bake <bread>\n\nhttps://bread.example/ is ours")
    for kind, name, page in (
        ("about", "extended_description", "/about"),
        ("privacy", "privacy_policy", "/privacy-policy"),
    ):
        await done(node, "text", "set", kind, str(given))
        found = (await text(name))["content"]
        assert found.startswith("<p>We bake &lt;bread&gt;</p>")
        assert 'href="https://bread.example/"' in found
        assert "We bake &lt;bread&gt;" in (await node.ask("GET", page)).text
        await done(node, "text", "remove", kind)
    assert await text("privacy_policy") == own
    assert "was not given" in await refused(node, "text", "remove", "privacy")


@pytest.mark.operation(
    "GET /api/v1/instance/terms_of_service", "GET /api/v1/instance/terms_of_service/:date"
)
async def test_terms_have_versions_and_days(node: RunningNode, tmp_path: Path) -> None:
    base, given = "/api/v1/instance/terms_of_service", tmp_path / "terms.txt"
    assert (await node.ask("GET", base)).status == 404
    assert (await node.ask("GET", "/terms-of-service")).status == 404
    for words, day in (("First", "2020-01-01"), ("Second", "2021-01-01"), ("Third", "2999-01-01")):
        given.write_text(words)
        await done(node, "text", "set", "terms", str(given), "--from", day)
    now = (await node.ask("GET", base)).json
    assert (now["content"], now["effective"]) == ("<p>Second</p>", True)
    assert (now["effective_date"], now["succeeded_by"]) == ("2021-01-01", "2999-01-01")
    earlier, later = [
        (await node.ask("GET", f"{base}/{day}")).json for day in ("2020-01-01", "2999-01-01")
    ]
    assert (earlier["effective"], earlier["succeeded_by"]) == (False, "2021-01-01")
    assert (later["effective"], later["succeeded_by"]) == (False, None)
    assert (await node.ask("GET", f"{base}/2022-02-02")).status == 404
    urls = (await node.ask("GET", "/api/v2/instance")).json["configuration"]["urls"]
    assert (await node.ask("GET", urls["terms_of_service"])).status == 200
    assert "2999-01-01" in await done(node, "text", "list")
    assert "looks like" in await refused(node, "text", "set", "terms", str(given), "--from", "soon")


@pytest.mark.operation("GET /api/v1/instance/peers", "GET /api/v1/instance/domain_blocks")
async def test_G39_whom_this_node_talks_to_its_members_see_alone(
    node: RunningNode, ana: Person, gina: Person
) -> None:
    async def seen(person: Person | None, name: str) -> Any:
        ask = node.ask if person is None else person.ask
        return (await ask("GET", f"/api/v1/instance/{name}")).json

    def known(tx: Tx) -> None:
        far, hidden = add_remote(tx, "far"), add_remote(tx, "hidden", "https://hidden.example")
        add_post(tx, far, Audience.public(), origin_id=origin_of(tx, "https://far.example"))
        other = origin_of(tx, "https://hidden.example")
        add_post(tx, hidden, Audience.direct(), origin_id=other)
        add_sister(tx, origin_of(tx, "https://sister.example"))

    await node.db.write(known)
    await done(node, "partner", "block", "bad.example")
    assert await seen(ana, "peers") == ["far.example", "sister.example"]
    [block] = await seen(ana, "domain_blocks")
    assert (block["domain"], block["severity"]) == ("bad.example", "suspend")
    assert block["digest"] == sha256(b"bad.example").hexdigest()
    for other in (gina, None):
        assert await seen(other, "peers") == []
        assert await seen(other, "domain_blocks") == []


@pytest.mark.operation("GET /api/v1/instance/activity", "GET /health")
async def test_weeks_of_which_nothing_is_told(node: RunningNode, ana: Person) -> None:
    await ana.say("Something")
    weeks = (await node.ask("GET", "/api/v1/instance/activity")).json
    assert {week["statuses"] for week in weeks} == {"0"}
    assert (await node.ask("GET", "/health")).text == "OK"


EMPTY_LISTS = [
    *("v1/custom_emojis", "v1/announcements", "v1/filters", "v2/filters", "v1/lists"),
    *("v1/followed_tags", "v1/bookmarks", "v1/favourites", "v1/blocks", "v1/mutes"),
    *("v1/domain_blocks", "v1/conversations", "v1/trends/tags", "v1/trends/statuses"),
    *("v1/trends/links", "v1/suggestions", "v2/suggestions", "v1/scheduled_statuses"),
    *("v1/featured_tags", "v1/endorsements", "v1/notifications", "v1/follow_requests"),
    *("v1/instance/domain_blocks", "v1/notifications/requests"),
]


@pytest.mark.parametrize("path", EMPTY_LISTS)
async def test_lists_that_clients_ask_for_are_honestly_empty(ana: Person, path: str) -> None:
    answer = await ana.ask("GET", f"/api/{path}")
    assert (answer.status, answer.body) == (200, b"[]")
    assert "Link" not in answer.headers


async def test_what_else_clients_ask_when_they_start(ana: Person) -> None:
    check("preferences", await ana.get("/api/v1/preferences"))
    assert await ana.get("/api/v1/markers", **{"timeline[]": "home"}) == {}
    assert list(await ana.post("/api/v1/markers", home={"last_read_id": "1"})) == ["home"]
    assert (await ana.ask("GET", "/api/v1/push/subscription")).status == 404
    policy = await ana.get("/api/v2/notifications/policy")
    assert policy["for_not_following"] == "accept"
    assert (await ana.ask("PUT", "/api/v2/notifications/policy", json={})).json == policy
    assert (await ana.ask("PATCH", "/api/v2/notifications/policy", json={})).json == policy
    check("tag", await ana.get("/api/v1/tags/Lernen"))


async def test_health_answers(node: RunningNode) -> None:
    assert (await node.ask("GET", "/health")).text == "OK"
    assert (await node.ask("GET", "/api/v1/streaming/health")).text == "OK"
