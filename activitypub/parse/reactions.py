"""What a like was said with: EmojiReact (FEP-c0e0) and the Like that Misskey sends."""

from activitypub.json import JsonObject
from activitypub.parse.emojis import emojis
from activitypub.parse.fields import listed
from domain.emojis import LONGEST_SHORTCODE
from domain.reactions import PLAIN, Reaction, is_one_emoji

LIKES = frozenset({"Like", "EmojiReact"})
_LONGEST = LONGEST_SHORTCODE + 256  # Misskey adds the name of the server: `:blob@far.example:`


def parse_reaction(document: JsonObject) -> Reaction:
    """The emoji of a like: one emoji, or a shortcode that the activity itself explains.

    Whatever else stands there is no emoji (D07): the like is a plain one.
    """
    for name in ("content", "_misskey_reaction"):
        text = document.get(name)
        if isinstance(text, str) and 0 < len(text.strip()) <= _LONGEST:
            return _said_with(text.strip(), document)
    return PLAIN


def _said_with(text: str, document: JsonObject) -> Reaction:
    if is_one_emoji(text):
        return Reaction(text)
    if not (len(text) > 2 and text[0] == text[-1] == ":"):
        return PLAIN
    shortcode = text[1:-1].partition("@")[0]
    for emoji in emojis(listed(document.get("tag"))):
        if emoji.shortcode in {shortcode, text[1:-1]}:
            return Reaction(f":{shortcode}:", emoji.url)
    return PLAIN
