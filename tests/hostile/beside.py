"""What stands beside posts and people, each planted so that it leads to an address."""

import asyncio
from typing import Any

import orjson

from activitypub.synchronization import HEADER, header
from domain.web_pages import page_address
from federation.fetcher import CannotFetch
from social import poll_watch, refreshing
from storage.queries import link_previews, posts
from storage.queries.link_previews import LinkPreview
from storage.tx import Tx
from tests.hostile.planting import moved, said
from tests.hostile.test_forbidden_addresses import Plant, followed
from tests.support.nodes import Json, Person, RunningNode, until
from tests.support.stranger import PUBLIC, Document, Page, Stranger, stranger
from tests.support.stranger import Person as Liar
from tests.together.stories import settled

# Pictures.


async def avatar(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """Somebody's picture there."""
    liar = far.person("liar", icon={"type": "Image", "url": f"{url}/a.png"})
    await node.ask("GET", (await ana.find(liar.uri))["avatar"])


async def header_picture(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """The picture above somebody's page there."""
    liar = far.person("liar", image={"type": "Image", "url": f"{url}/a.png"})
    await node.ask("GET", (await ana.find(liar.uri))["header"])


async def picture_moved(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """Somebody's picture that moved there."""
    icon = {"type": "Image", "url": moved(far, "/a.png", url)}
    liar = far.person("liar", icon=icon)
    await node.ask("GET", (await ana.find(liar.uri))["avatar"])


def _emoji(url: str) -> Document:
    icon = {"type": "Image", "mediaType": "image/png", "url": f"{url}/e.png"}
    return {"type": "Emoji", "name": ":hi:", "icon": icon}


async def emoji_of_a_name(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """An emoji in somebody's name."""
    liar = far.person("liar", name="Lia :hi:", tag=[_emoji(url)])
    for emoji in (await ana.find(liar.uri))["emojis"]:  # some addresses are none at all
        await node.ask("GET", emoji["url"])


async def emoji_of_a_reaction(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """An emoji with which somebody likes a post."""
    liar, post = far.person("liar"), await ana.say("like this", visibility="public")
    react = far.activity(liar, "EmojiReact", post["uri"], content=":hi:", tag=[_emoji(url)])
    await far.deliver(liar, f"{node.origin}/inbox", react)
    await settled(node)
    for shown in await ana.get(f"/api/v1/pleroma/statuses/{post['id']}/reactions"):
        await node.ask("GET", shown["url"])


async def attachment(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A picture beside a note."""
    picture = {"type": "Image", "mediaType": "image/png", "url": f"{url}/p.png"}
    status = await said(far, node, ana, lambda liar: far.note(liar, attachment=[picture]))
    for file in status["media_attachments"]:
        await node.ask("GET", file["url"])


# Threads.


async def _opened(ana: Person, status: Json) -> None:
    await ana.get(f"/api/v1/statuses/{status['id']}/context")


async def thread(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A note whose thread is listed there."""
    await _opened(
        ana, await said(far, node, ana, lambda liar: far.note(liar, context=f"{url}/thread"))
    )


async def thread_moved(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A note whose thread moved there."""
    place = moved(far, "/thread", url)
    await _opened(ana, await said(far, node, ana, lambda liar: far.note(liar, context=place)))


async def answers(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A note whose answers are listed there."""
    await _opened(
        ana, await said(far, node, ana, lambda liar: far.note(liar, replies=f"{url}/replies"))
    )


async def _with_answers(
    far: Stranger, node: RunningNode, ana: Person, listed: dict[str, Any]
) -> None:
    place = far.add("/replies", {"type": "Collection"} | listed)
    await _opened(ana, await said(far, node, ana, lambda liar: far.note(liar, replies=place)))


async def answer_listed(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """An answer there, in a list of answers."""
    await _with_answers(far, node, ana, {"items": [f"{url}/o/1"]})


async def answers_go_on(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A list of answers that goes on there."""
    await _with_answers(far, node, ana, {"first": f"{url}/replies/1", "next": f"{url}/replies/2"})


async def page_moved(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A list of answers whose first page moved there."""
    await _with_answers(far, node, ana, {"first": moved(far, "/replies/1", url)})


# Quotes.


async def quoted(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A note that quotes one there."""
    await said(far, node, ana, lambda liar: far.note(liar, quote=f"{url}/o/1"))


def _quoting(far: Stranger, liar: Liar, consent: str) -> Document:
    theirs = far.note(far.person("eve"))
    return far.note(liar, quote=theirs["id"], quoteAuthorization=consent)


async def consent(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """Consent to a quote that lies there."""
    await said(far, node, ana, lambda liar: _quoting(far, liar, f"{url}/stamps/1"))


async def consent_moved(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """Consent to a quote that moved there."""
    place = moved(far, "/stamps/1", url)
    await said(far, node, ana, lambda liar: _quoting(far, liar, place))


async def quoting_post_moved(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A request to quote a post of ours in one that moved there."""
    liar, post = far.person("liar"), await ana.say("quote me", visibility="public")
    place = moved(far, "/notes/quoting", url)
    request = far.activity(liar, "QuoteRequest", post["uri"], instrument=place)
    await far.deliver(liar, f"{node.origin}/inbox", request)


# What others tell, and what is asked for again.


def _forged(url: str, parent: str, **more: Any) -> Document:
    """Somebody there answers; somebody else brings it."""
    note = {"id": f"{url}/o/1", "type": "Note", "inReplyTo": parent, "to": [PUBLIC]}
    ids = {"id": f"{url}/act/1", "type": "Create", "actor": f"{url}/users/x"}
    return ids | {"object": note, "to": [PUBLIC]} | more


async def forwarded(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """An answer from there that somebody else brings."""
    post = await ana.say("answer me", visibility="public")
    liar = far.person("liar")
    await far.deliver(liar, f"{node.origin}/inbox", _forged(url, post["uri"]))


async def proven(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """The same with a proof by a key there."""
    post = await ana.say("answer me", visibility="public")
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": f"{url}/users/x#ed25519-key",
        "proofPurpose": "assertionMethod",
        "created": "2026-11-22T10:00:00Z",
        "proofValue": "z1",
    }
    liar = far.person("liar")
    answer = _forged(url, post["uri"], proof=proof)
    await far.deliver(liar, f"{node.origin}/inbox", answer)


async def followers_listed(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A list of somebody's followers here that moved there."""
    liar = await followed(far, node, ana)
    note = far.note(liar, to=[liar.document["followers"]], cc=[])
    body = orjson.dumps(far.activity(liar, "Create", note, to=note["to"]))
    place = moved(far, "/followers_here", url)
    inbox = f"{node.origin}/inbox"
    listed = header(str(liar.document["followers"]), place, [])
    await far.send(inbox, body, far.signed(liar, inbox, body) | {HEADER: listed})


async def poll_again(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A poll that moved there since, and that somebody looks at."""
    options = [{"type": "Note", "name": name} for name in ("yes", "no")]
    asking = {"type": "Question", "oneOf": options, "endTime": "2099-01-01T00:00:00Z"}
    status = await said(far, node, ana, lambda liar: far.note(liar, "/notes/poll", **asking))
    moved(far, "/notes/poll", url)
    await _tried(poll_watch.refresh(node.parts.fetcher, int(status["id"])))


async def actor_again(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """Somebody who moved there since, and is asked for again."""
    liar = far.person("liar")
    await ana.find(liar.uri)
    moved(far, liar.path, url)
    await _tried(refreshing.look_at(node.parts.fetcher, liar.uri, said=True))


async def _tried(asking: Any) -> None:
    try:
        await asking
    except CannotFetch:
        return


# Pages to which people link.


async def linked_page(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A page there, and one that moved there."""
    for address in (f"{url}/page", moved(far, "/page", url)):
        status = await ana.say(address, visibility="public")
        if page_address(address) is not None:  # else nobody looks at all
            await _looked_at(node, status)


async def beside_a_page(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A page whose picture, and what more is told of it, lie there."""
    told = f"<link rel=alternate type='application/json+oembed' href='{url}/told'>"
    says = f"<title>x</title><meta property='og:image' content='{url}/p.png'>{told}"
    far.pages["/page"] = Page(says.encode(), type="text/html")
    status = await ana.say(far.url("/page"), visibility="public")
    card = await _looked_at(node, status)
    if card.image:
        await node.ask("GET", node.node.proxy(card.image))


async def _looked_at(node: RunningNode, status: Json) -> LinkPreview:
    """What is known of the page, once somebody looked at it."""
    found: list[LinkPreview] = []

    def known(tx: Tx) -> LinkPreview | None:
        row = posts.by_id(tx, int(status["id"]))
        return None if row is None else link_previews.by_id(tx, row.link_id or 0)

    async def there() -> bool:
        preview = await node.db.read(known)
        found[:] = [] if preview is None or preview.tried_at is None else [preview]
        return bool(found)

    await until(there)
    return found[0]


# Groups.


async def _group(far: Stranger, node: RunningNode, ana: Person, **more: Any) -> Liar:
    """A group there that ana follows."""
    group = far.person("books", kind="Group", **more)
    account = await ana.find(group.uri)
    await ana.post(f"/api/v1/accounts/{account['id']}/follow")
    follow = {"type": "Follow", "actor": ana.uri, "object": group.uri}
    accept = far.activity(group, "Accept", follow)
    await far.deliver(group, f"{node.origin}/inbox", accept)

    async def following() -> bool:
        (now,) = await ana.get("/api/v1/accounts/relationships", **{"id[]": account["id"]})
        return bool(now["following"])

    await until(following)
    return group


async def shown_by_a_group(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A group shows a post there."""
    group = await _group(far, node, ana)
    announce = far.activity(group, "Announce", f"{url}/o/1", to=[PUBLIC])
    await far.deliver(group, f"{node.origin}/inbox", announce)


async def told_by_a_group(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A group tells what somebody there wrote."""
    group = await _group(far, node, ana)
    inner = _forged(url, f"{url}/o/0", audience=group.uri)
    announce = far.activity(group, "Announce", inner, to=[PUBLIC])
    await far.deliver(group, f"{node.origin}/inbox", announce)


async def moderators_moved(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A group whose list of moderators moved there; one of them removes something."""
    group = await _group(far, node, ana, attributedTo=moved(far, "/moderators", url))
    async with stranger("third") as third:
        mo = third.person("mo")
        deed = third.activity(mo, "Lock", far.url("/notes/1"), audience=group.uri)
        announce = far.activity(group, "Announce", deed, to=[PUBLIC])
        await far.deliver(group, f"{node.origin}/inbox", announce)
        await asyncio.sleep(0.1)


PATHS: list[Plant] = [
    *(avatar, header_picture, picture_moved, emoji_of_a_name, emoji_of_a_reaction, attachment),
    *(thread, thread_moved, answers, answer_listed, answers_go_on, page_moved),
    *(quoted, consent, consent_moved, quoting_post_moved),
    *(forwarded, proven, followers_listed, poll_again, actor_again),
    *(linked_page, beside_a_page),
    *(shown_by_a_group, told_by_a_group, moderators_moved),
]
# What lies on another server than whoever it is of is not looked at there.
LEFT_ALONE = {thread, answers, answers_go_on, consent}
FOLLOWED_UP = [plant for plant in PATHS if plant not in LEFT_ALONE]
