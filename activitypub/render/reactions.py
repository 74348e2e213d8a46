"""Likes that keep their emoji: EmojiReact (FEP-c0e0), and a Like that says its emoji."""

from typing import Final

from activitypub.vocabulary import ACTIVITYSTREAMS, JsonDict
from domain.reactions import Reaction

REACTION_CONTEXT: Final = [
    ACTIVITYSTREAMS,
    {
        "toot": "http://joinmastodon.org/ns#",
        "Emoji": "toot:Emoji",
        "litepub": "http://litepub.social/ns#",
        "EmojiReact": "litepub:EmojiReact",
        "misskey": "https://misskey-hub.net/ns#",
        "_misskey_reaction": "misskey:_misskey_reaction",
    },
]


def reacts(said_with: Reaction, *, as_react: bool) -> JsonDict:
    """The members that say with what somebody likes; a plain Like where there is no emoji.

    Who knows no EmojiReact gets a Like that says its emoji: a like for all, a reaction for some.
    """
    if not said_with.emoji:
        return {"type": "Like"}
    said: JsonDict = {"content": said_with.emoji, "_misskey_reaction": said_with.emoji}
    if said_with.url is not None:
        icon = {"type": "Image", "url": said_with.url}
        said["tag"] = [{"type": "Emoji", "name": said_with.emoji, "icon": icon}]
    return {"type": "EmojiReact" if as_react else "Like"} | said
