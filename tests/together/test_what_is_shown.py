"""What an app and a page say about who reads a post is what the rule says, in threads as well."""

import pytest

from storage.views.posts import visible
from tests.support.factories import member
from tests.support.nodes import Nodes
from tests.together.stories import known
from web.pages.wording import readers


@pytest.mark.parametrize("local_only", [True, False])
async def test_an_answer_in_a_followers_thread_is_shown_as_private(
    nodes: Nodes, local_only: bool
) -> None:
    hq = await nodes.start("hq")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    await bo.follow(ana)
    asked = await ana.get("/api/v1/follow_requests")
    for request in asked:
        await ana.post(f"/api/v1/follow_requests/{request['id']}/authorize")
    root = await ana.say("for my followers", visibility="private", local_only=local_only)
    answer = await bo.say("and from one of them", in_reply_to_id=root["id"])
    assert (root["visibility"], answer["visibility"]) == ("private", "private")
    assert (root["local_only"], answer["local_only"]) == (local_only, local_only)
    refused = await bo.ask("POST", f"/api/v1/statuses/{answer['id']}/reblog")
    assert refused.status in {403, 422}
    views = [await hq.db.read(visible, int(shown["id"]), member(bo.id)) for shown in (root, answer)]
    assert [readers(view) for view in views] == [
        "Followers of ana",
        "Followers of who began this conversation",
    ]
