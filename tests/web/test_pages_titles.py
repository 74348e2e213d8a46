"""Pages of other servers, read on ours: a title is a heading, and nothing of it is markup."""

from activitypub.parse.posts import parse_note
from social.remote_posts import store_remote_post
from storage.queries.actors import by_id
from storage.tx import Tx
from tests.activitypub.test_parse_kinds import emoji
from tests.support.factories import add_remote
from tests.support.nodes import Person, RunningNode
from tests.web.visitor import Visitor

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
FAR = "https://far.example"


async def article(node: RunningNode, **changes: object) -> int:
    """An article of somebody elsewhere, as it was taken in."""

    def take(tx: Tx) -> int:
        signer = by_id(tx, add_remote(tx, "zoe"))
        assert signer is not None
        document = {
            "id": f"{FAR}/1",
            "type": "Article",
            "attributedTo": signer.uri,
            "to": [PUBLIC],
            "name": "On <b>bowls</b> :blob:",
            "content": "<h2>Clay</h2><p>words :blob:</p>",
            "tag": [emoji()],
            **changes,
        }
        stored = store_remote_post(
            tx, node=node.node, note=parse_note(document), signer=signer, wanted=True
        )
        assert stored is not None
        return stored

    return await node.db.write(take)


async def test_a_title_is_a_heading(node: RunningNode, at_ana: Visitor, ana: Person) -> None:
    post_id = await article(node)
    shown = await ana.get(f"/api/v1/statuses/{post_id}")
    assert shown["content"].startswith(
        "<p><strong>On &lt;b&gt;bowls&lt;/b&gt; :blob:</strong></p><h2>Clay</h2>"
    )
    page = await at_ana.get(f"/posts/{post_id}")
    while page.status == 303:
        page = await at_ana.get(page.location)
    heading = page.tree.css_first(".words > h2")
    assert heading is not None
    assert heading.text().strip() == "On <b>bowls</b>"
    assert heading.css_first("b") is None
    (picture, other) = page.tree.css(".words img.emoji")
    assert picture.attributes["alt"] == other.attributes["alt"] == ":blob:"
    address = picture.attributes["src"] or ""
    assert address.startswith(f"{node.origin}/proxy/"), "no other server learns who looks"


async def test_a_warning_hides_the_title_too(node: RunningNode, at_ana: Visitor) -> None:
    post_id = await article(node, sensitive=True, summary="long :blob:")
    page = await at_ana.get(f"/posts/{post_id}")
    while page.status == 303:
        page = await at_ana.get(page.location)
    details = page.tree.css_first("article details")
    assert details is not None
    assert details.css_first("summary img.emoji") is not None
    assert details.css_first(".words > h2") is not None
