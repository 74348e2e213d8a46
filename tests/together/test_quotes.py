"""Quotes across nodes (FEP-044f): asked for, agreed to, shown to third parties, taken back."""

import pytest

from domain.kinds import Role
from domain.quotes import QuoteState
from storage.queries import posts, quotes
from storage.queries.ids import new_id
from storage.tx import Tx
from tests.support.nodes import Nodes, Person, until
from tests.together.communities import found
from tests.together.stories import become_sisters, befriend, known, published, settled, told
from tests.together.test_passing_on import Meeting

STATUSES = "/api/v1/statuses"


async def quote_is(person: Person, post_id: str, state: str) -> dict[str, object]:
    """Wait until a post shows its quote in this state; the Quote."""
    shown: dict[str, object] = {}

    async def so() -> bool:
        nonlocal shown
        shown = (await person.get(f"{STATUSES}/{post_id}"))["quote"] or {}
        return shown.get("state") == state

    await until(so)
    return shown


@pytest.mark.both
@pytest.mark.interop("QuoteRequest", "out", "is answered by the post's policy", peer="our nodes")
async def test_a_quote_is_agreed_to_and_everybody_sees_it(nodes: Nodes) -> None:
    hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    await befriend(ben, ana)
    await befriend(cy, ben)
    made = await ana.say("Measure twice", visibility="public")
    seen = await ben.sees("Measure twice")
    assert seen["quote_approval"] == {
        "automatic": ["public"],
        "manual": [],
        "current_user": "automatic",
    }
    quoting = await ben.say("So true", quoted_status_id=seen["id"])
    agreed = await quote_is(ben, quoting["id"], "accepted")
    assert agreed["quoted_status"]["uri"] == made["uri"]  # type: ignore[index]
    notice = await told(ana, "quote")
    assert notice["status"]["uri"] == quoting["uri"]
    assert (await ana.get(f"{STATUSES}/{made['id']}"))["quotes_count"] == 1
    third = await cy.sees("So true")
    assert "quote-inline" in third["content"]
    shown = await quote_is(cy, third["id"], "accepted")
    assert shown["quoted_status"]["uri"] == made["uri"]  # type: ignore[index]
    listed = await ana.get(f"{STATUSES}/{made['id']}/quotes")
    assert [one["uri"] for one in listed] == [quoting["uri"]]
    # Ana changes her mind: everybody sees that, and her figures do.
    await ana.post(f"{STATUSES}/{made['id']}/quotes/{listed[0]['id']}/revoke")
    assert (await ana.get(f"{STATUSES}/{made['id']}"))["quotes_count"] == 0
    await quote_is(ben, quoting["id"], "revoked")

    async def hidden() -> bool:
        quote = (await cy.get(f"{STATUSES}/{third['id']}"))["quote"]
        return quote is not None and quote["state"] != "accepted" and not quote["quoted_status"]

    await until(hidden)


@pytest.mark.interop("QuoteRequest", "in", "refused where the policy says so", peer="our nodes")
async def test_who_may_not_quote_is_told_so_and_a_changed_policy_travels(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)
    made = await ana.say("Mine alone", quote_approval_policy="nobody")
    seen = await ben.sees("Mine alone")
    assert seen["quote_approval"]["current_user"] == "denied"
    refused = await ben.ask("POST", STATUSES, json={"status": "no", "quoted_status_id": seen["id"]})
    assert refused.status == 403
    await ana.put(f"{STATUSES}/{made['id']}/interaction_policy", quote_approval_policy="followers")

    async def allowed() -> bool:
        now = await ben.get(f"{STATUSES}/{seen['id']}")
        return bool(now["quote_approval"]["current_user"] == "automatic")

    await until(allowed)
    quoting = await ben.say("yes", quoted_status_id=seen["id"])
    await quote_is(ben, quoting["id"], "accepted")


@pytest.mark.both
async def test_inside_a_network_the_authors_policy_is_asked_and_nobody_outside(
    nodes: Nodes,
) -> None:
    hq = await nodes.start("hq", public_means="network")
    lab = await nodes.start("lab", public_means="network")
    far = await nodes.start("far")
    await become_sisters(hq, lab)
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    await befriend(ana, cy)
    await ben.follow(ana)
    await settled(hq, lab)
    agrees = await cy.say("Measure twice", quote_approval_policy="public")
    refuses = await cy.say("Mine alone", quote_approval_policy="followers")
    seen, closed = await ana.sees("Measure twice"), await ana.sees("Mine alone")
    quoting = await ana.say("for colleagues", quoted_status_id=seen["id"])
    assert quoting["quote"]["state"] == "accepted"
    colleague = await ben.sees("for colleagues")
    shown = await quote_is(ben, colleague["id"], "accepted")
    assert shown["quoted_status"]["uri"] == agrees["uri"]  # type: ignore[index]
    sent = {"status": "x", "quoted_status_id": closed["id"]}
    assert (await ana.ask("POST", STATUSES, json=sent | {"visibility": "direct"})).status == 422
    # Ana follows cy, so the policy would let her; her colleagues' node cannot know that.
    assert (await ana.ask("POST", STATUSES, json=sent)).status == 200
    await settled(hq, lab, far)
    assert (await cy.get(f"{STATUSES}/{agrees['id']}"))["quotes_count"] == 0
    assert (await cy.get(f"{STATUSES}/{refuses['id']}"))["quotes_count"] == 0
    assert await cy.notifications() == []
    assert "QuoteRequest" not in [one["type"] for one in await published(hq)]


async def test_G19_in_a_community_a_quote_shows_outsiders_what_a_deleted_one_shows(
    nodes: Nodes,
) -> None:
    """A guest reads a community whose members quote the main network there: impossible here, but
    a sister's node may say it. Both stubs are the same.
    """
    hq = await nodes.start("hq", public_means="network")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    gina = await known(hq, "gina", role=Role.GUEST)
    club = await found(hq, ana, bo, handle="lifting")
    await club.invite(gina.id, ana)
    await gina.post(f"/api/v1/accounts/{club.id}/follow")
    network, gone = await ana.say("for colleagues"), await ana.say("for the bin")
    sent = {"status": "@lifting look", "quoted_status_id": network["id"]}
    assert (await ana.ask("POST", STATUSES, json=sent)).status == 422
    said = [await ana.say(f"@lifting number {number}", visibility="private") for number in (1, 2)]
    for status, quoted in zip(said, (network, gone), strict=True):
        await hq.db.write(make_it_quote, int(status["id"]), quoted["uri"], int(quoted["id"]))
    await ana.delete(f"{STATUSES}/{gone['id']}")
    stubs = [(await gina.get(f"{STATUSES}/{one['id']}"))["quote"] for one in said]
    assert stubs == [{"state": "deleted", "quoted_status": None}] * 2
    whole = (await bo.get(f"{STATUSES}/{said[0]['id']}"))["quote"]
    assert whole["quoted_status"]["id"] == network["id"]


def make_it_quote(tx: Tx, post_id: int, quoted_uri: str, quoted_id: int) -> None:
    row = posts.by_id(tx, post_id)
    assert row is not None
    quotes.set_quoted(tx, post_id, quoted_uri)
    quotes.put(
        tx,
        quotes.QuoteRow(
            id=new_id(tx),
            uri=row.uri,
            post_id=post_id,
            quoter_id=row.author_id,
            quoted_uri=quoted_uri,
            quoted_id=quoted_id,
            state=QuoteState.ACCEPTED,
            unasked=False,
            counted=False,
            request_uri=None,
            authorization_uri=None,
            created_at=tx.now,
            checked_at=tx.now,
        ),
    )


async def test_Z03_an_authorization_is_there_for_who_may_read_the_posts(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, bo, ben = await known(hq, "ana"), await known(hq, "bo"), await known(lab, "ben")
    await befriend(ben, ana)
    open_post = await ana.say("for the world")
    kept = await ana.say("for this node", local_only=True)
    made = [
        await bo.say("one", quoted_status_id=open_post["id"]),
        await bo.say("two", quoted_status_id=open_post["id"], local_only=True),
        await bo.say("three", quoted_status_id=kept["id"], local_only=True),
    ]
    rows = [await hq.db.read(quotes.of_post, int(one["id"])) for one in made]
    addresses = [row.authorization_uri for row in rows if row is not None]
    asked = [
        await hq.ask("GET", str(uri), headers={"Accept": "application/activity+json"})
        for uri in (*addresses, f"{hq.origin}/q/12345")
    ]
    assert [one.status for one in asked] == [200, 404, 404, 404]
    assert asked[0].json["interactingObject"] == made[0]["uri"]
    assert len({one.body for one in asked[1:]}) == 1
    await ana.post(f"{STATUSES}/{open_post['id']}/quotes/{made[0]['id']}/revoke")
    again = await hq.ask("GET", str(addresses[0]), headers={"Accept": "application/activity+json"})
    assert (again.status, again.body) == (404, asked[1].body)


@pytest.mark.interop(
    "Announce{Create{Note}} with quote", "in", "members' nodes fetch the consent", peer="our nodes"
)
async def test_a_quote_in_a_community_is_seen_by_its_members(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo", "cy")
    public = await meeting["olga"].say("Measure twice")
    words = f"{meeting.club.acct} what olga says"
    made = await meeting.say("ana", words, quoted_status_id=public["id"])
    assert made["quote"]["state"] == "accepted"
    for handle in ("bo", "cy"):
        there = await meeting.shown(handle, "what olga says")
        shown = await quote_is(meeting[handle], there["id"], "accepted")
        assert shown["quoted_status"]["uri"] == public["uri"]  # type: ignore[index]
    await meeting.settled()
    whole = await meeting["olga"].get(f"{STATUSES}/{public['id']}")
    assert whole["quotes_count"] == 0, "a figure would tell the world of words for members"
    # Olga takes it back: her word goes round with the post.
    await meeting["olga"].post(f"{STATUSES}/{public['id']}/quotes/{made['id']}/revoke")
    for handle in ("bo", "cy"):
        there = await meeting.shown(handle, "what olga says")

        async def hidden(person: Person = meeting[handle], post_id: str = there["id"]) -> bool:
            quote = (await person.get(f"{STATUSES}/{post_id}"))["quote"]
            return quote is None or quote["state"] != "accepted"

        await until(hidden)
        assert there["edited_at"] is None
