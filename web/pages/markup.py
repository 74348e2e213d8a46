"""The one place where stored HTML becomes markup instead of text (security.md H rows).

Posts and bios were cleaned when they came in. They are cleaned once more here, which costs
microseconds and means that a page trusts nothing but this file.
"""

from markupsafe import Markup

from domain.html import clean


def cleaned(html: str) -> Markup:
    """HTML of a post, a bio or a field, safe to stand in a page."""
    return Markup(clean(html))  # noqa: S704 - the result of the cleaner, and of nothing else
