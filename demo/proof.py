"""Whether what stands on a node came through its inbox: every remote row has its intake record.

A row that was written elsewhere is traced to the activity that brought it: the announcement of a
community, or its author's own Create. Nothing of a demo may have been put there by hand.
"""

from demo.process import ServedNode

DONE = 2
HERE = 1
_REMOTE = """
    SELECT post.uri, wrapper.uri FROM posts post
    LEFT JOIN posts wrapper ON wrapper.share_of_id = post.id AND wrapper.author_id = post.place_id
    WHERE post.origin_id <> ? AND post.share_of_id IS NULL AND post.deleted_at IS NULL
"""
_SENT = """
    SELECT activities.uri FROM activities JOIN posts ON posts.id = activities.post_id
    WHERE posts.uri = ?
"""
_MEMBERSHIPS = """
    SELECT community.uri, member.handle, community.origin_id FROM memberships
    JOIN actors community ON community.id = memberships.community_id
    JOIN actors member ON member.id = memberships.actor_id
    WHERE community.origin_id <> ? AND member.origin_id = ? AND memberships.state = 3
"""


def without_record(node: ServedNode, others: tuple[ServedNode, ...]) -> list[str]:
    """What stands on `node`, was made elsewhere, and has no record of its coming."""
    taken = {row[0] for row in node.rows("SELECT activity_uri FROM intake WHERE state = ?", DONE)}
    missing = []
    for uri, announced in node.rows(_REMOTE, HERE):
        sent = {row[0] for other in others for row in other.rows(_SENT, uri)} | {announced}
        if not sent & taken:
            missing.append(f"{node.host}: the post {uri}")
    origins = {row[0] for row in node.rows("SELECT origin_id FROM intake WHERE state = ?", DONE)}
    for uri, handle, origin in node.rows(_MEMBERSHIPS, HERE, HERE):
        if origin not in origins:
            missing.append(f"{node.host}: that {handle} belongs to {uri}")
    return missing


def remote_rows(node: ServedNode) -> int:
    """How many posts of a node were written elsewhere."""
    return len(node.rows(_REMOTE, HERE))
