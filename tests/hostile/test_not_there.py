"""Not found and not allowed are one answer: every door, method and header (protocol §1, T404)."""

import secrets
from datetime import UTC, datetime
from itertools import product

import orjson
import pytest
from sqlalchemy import select

from domain.kinds import Role
from federation.signatures import Scheme, sign
from storage.tables.quotes import quotes
from storage.tables.traffic import activities
from tests.support.nodes import Answer, Nodes, Person, RunningNode
from tests.support.stranger import Person as Stranger
from tests.support.stranger import stranger
from tests.together.stories import settled

NEVER = 117650000000000001  # well-formed, and nobody ever had it
ACCEPTS = ("*/*", "text/html", "application/activity+json")
LANGUAGES = ("", "de")
WAYS = (
    *product(("GET", "HEAD", "OPTIONS"), ACCEPTS, LANGUAGES),
    *((method, "*/*", "") for method in ("POST", "PUT", "DELETE")),
)
"""Method, Accept and Accept-Language."""
OF_A_POST = ("", *(f"/{part}" for part in ("context", "history", "favourited_by", "reblogged_by")))
BESIDE_A_POST = (
    *(f"/o/{{}}/{name}" for name in ("replies", "replies?page=true", "likes", "shares")),
    *("/t/{}", "/t/{}?page=true", "/t/{}/history?page=true"),
    "/api/v1_alpha/async_refreshes/{}",
    *("/api/v1/polls/{}", "/api/v1/polls/{}/votes?choices[]=0", "/posts/{}"),
    *("/api/v1/statuses/{}/quotes", "/api/v1/statuses/{}/quotes/1/revoke"),
    *("/api/v1/statuses/1/quotes/{}/revoke", "/api/v1/statuses/{}/interaction_policy"),
    *("/api/v1/statuses/{}/pin", "/api/v1/statuses/{}/unpin"),
    *(f"/api/v1/pleroma/statuses/{{}}/reactions{emoji}" for emoji in ("", "/%F0%9F%8E%89")),
)
OF_AN_ACTOR = (
    *("", "/outbox", "/outbox?page=true", "/followers", "/following", "/inbox"),
    *("/followers_sync", "/featured", "/moderators"),
)
OF_AN_ACCOUNT = (
    *("", "/statuses", "/statuses?pinned=true", "/followers", "/following", "/featured_tags"),
    *("/block", "/unblock"),
)

Pair = tuple[str, str]


def of_post(post_id: str) -> list[Pair]:
    """Where a post might show, beside the same for one that never was."""
    doors = ["/o/{}", "/@ana/{}", *(f"/api/v1/statuses/{{}}{part}" for part in OF_A_POST)]
    doors += BESIDE_A_POST
    return [(door.format(post_id), door.format(NEVER)) for door in doors]


def of_person(node: RunningNode, person: Person) -> list[Pair]:
    """Where a person might show."""
    finger = "/.well-known/webfinger?resource="
    doors = [
        *(f"/a/{{id}}{part}" for part in OF_AN_ACTOR),
        *(f"/api/v1/accounts/{{id}}{part}" for part in OF_AN_ACCOUNT),
        *("/@{name}", "/@{name}/", "/api/v1/accounts/lookup?acct={name}"),
        *(f"{finger}acct:{{name}}@{node.host}", f"{finger}acct:{{NAME}}@{node.host}"),
        *(f"{finger}{node.origin}/@{{name}}", f"{finger}{node.origin}/a/{{id}}"),
    ]
    there = {"id": person.id, "name": person.handle, "NAME": person.handle.upper()}
    never = {"id": NEVER, "name": "nobody", "NAME": "NOBODY"}
    return [(door.format(**there), door.format(**never)) for door in doors]


def seen(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """An answer without what differs between any two."""
    moving = ("Date", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    headers = {name: value for name, value in answer.headers.items() if name not in moving}
    return answer.status, headers, answer.body


def signed(node: RunningNode, who: Stranger, method: str, path: str, accept: str) -> dict[str, str]:
    headers = {"Accept": accept, "Host": node.host}
    return headers | sign(
        method=method,
        url=f"{node.origin}{path}",
        headers={},
        body=b"",
        key=who.key,
        key_id=who.key_id,
        scheme=Scheme.CAVAGE,
        now=datetime.now(UTC),
        nonce=secrets.token_hex(8),
    )


async def hidden(node: RunningNode) -> list[Pair]:
    """What a member wrote for others, and the member; each door with its twin."""
    ana = await node.person("ana")
    gone = await ana.say("taken back")
    await ana.delete(f"/api/v1/statuses/{gone['id']}")
    poll = {"options": ["yes", "no"], "expires_in": 3600}
    quoted = await ana.say("for colleagues")
    posts = [
        gone,
        quoted,
        await ana.say("for colleagues who quote", quoted_status_id=quoted["id"]),
        await ana.say("for colleagues who vote", poll=poll),
        await ana.say("for followers who vote", poll=poll, visibility="private"),
        await ana.say("for followers", visibility="private"),
        await ana.say("for this node", local_only=True),
        await ana.say("for nobody else", visibility="direct"),
    ]
    for post in posts[1:4]:
        await ana.post(f"/api/v1/statuses/{post['id']}/pin")
    await (await node.person("bo")).say("so true", quoted_status_id=quoted["id"])
    await settled(node)
    sent = await node.db.read(lambda tx: tx.all(select(activities.c.id)))
    consents = await node.db.read(lambda tx: tx.all(select(quotes.c.id)))
    assert sent
    assert len(consents) == 2
    return [
        *(pair for post in posts for pair in of_post(post["id"])),
        *((f"/act/{number}", f"/act/{NEVER}") for (number,) in sent),
        *((f"/q/{number}", f"/q/{NEVER}") for (number,) in consents),
        *of_person(node, ana),
    ]


async def test_P06_what_is_not_for_one_is_not_there(nodes: Nodes) -> None:
    node = await nodes.start("hq", public_means="network")
    pairs = await hidden(node)
    gina = await node.person("gina", role=Role.GUEST)
    tokens: tuple[dict[str, str], ...] = ({}, {"Authorization": f"Bearer {gina.token}"})
    for (there, never), (method, accept, language), token in product(pairs, WAYS, tokens):
        headers = {"Accept": accept, "Accept-Language": language} | token
        answer = await node.ask(method, there, headers=headers)
        twin = await node.ask(method, never, headers=headers)
        assert seen(answer) == seen(twin), (method, there, headers)


async def test_P06_a_signature_of_a_stranger_shows_no_more(nodes: Nodes) -> None:
    node = await nodes.start("hq", public_means="network")
    pairs = [pair for pair in await hidden(node) if not pair[0].startswith("/api/")]
    async with stranger("far") as far:
        ext = far.person("ext")
        for (there, never), method, accept in product(pairs, ("GET", "HEAD"), ACCEPTS):
            answers = [
                seen(await node.ask(method, path, headers=signed(node, ext, method, path, accept)))
                for path in (there, never)
            ]
            assert answers[0] == answers[1], (method, there, accept)


@pytest.mark.parametrize("accept", ACCEPTS[2:])
async def test_P06_what_is_for_everybody_is_there(nodes: Nodes, accept: str) -> None:
    node = await nodes.start("hq", public_means="public")
    ana = await node.person("ana")
    post = await ana.say("for the world")
    for path in (f"/o/{post['id']}", f"/a/{ana.id}", f"/a/{ana.id}/outbox?page=true"):
        assert (await node.ask("GET", path, headers={"Accept": accept})).status == 200, path
    finger = f"/.well-known/webfinger?resource=acct:ANA@{node.host}"
    assert (await node.ask("GET", finger)).status == 200


async def test_O19_what_leaves_tells_of_no_hidden_recipients(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    async with stranger("far") as far, stranger("near") as near:
        ext, kim = far.person("ext"), near.person("kim")
        names = [await ana.find(f"@{one.handle}@{one.server.authority}") for one in (ext, kim)]
        asked = await ana.say(f"both of you @{names[0]['acct']} @{names[1]['acct']}")
        await ana.say(f"you alone @{names[0]['acct']}", visibility="direct")
        await settled(node)
        documents = [orjson.loads(one.body) for one in far.seen if one.method == "POST"]
        assert [one["object"]["content"].count("you") for one in documents] == [1, 1]
        assert kim.uri in documents[0]["object"]["cc"], asked["uri"]
        assert kim.uri not in orjson.dumps(documents[1]).decode()
        for one in documents:
            assert not {"bto", "bcc"} & {*one, *one["object"]}
