"""Flag: another server reports somebody who lives here, or something said in a community of ours.

What is unknown, what its sender cannot know of, and what is not ours to judge are the same: taken,
and dropped (O11, O21, G60).
"""

from activitypub.parse.flags import Accusation
from domain.node import Node
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social.accusations import receive_flag
from storage.tx import Tx


async def verify(signed: SignedActivity, _fetcher: Fetcher) -> Accusation:
    """What it is about."""
    if signed.activity.accusation is None:
        raise Dropped("the report is about nothing")
    return signed.activity.accusation


def receive(tx: Tx, node: Node, signed: SignedActivity, said: Accusation) -> str | None:
    """Keep it for those who look at reports."""
    return receive_flag(tx, node=node, signer=signed.signer, about=said.about, comment=said.comment)
