"""Pictures drawn anew, small versions, their BlurHash, and addresses for each reader."""

import pytest

from domain.blurhash import blurhash
from domain.errors import Invalid
from domain.links import Links
from domain.node import Node
from domain.pictures import (
    KEPT_PIXELS,
    PREVIEW_PIXELS,
    looked_at,
    preview_size,
    redrawn,
    suffix,
)
from tests.support.pictures import picture

KEY = b"k" * 32


def test_a_large_picture_is_made_smaller() -> None:
    made = redrawn(picture(size=(4000, 3000)))
    assert made.width * made.height <= KEPT_PIXELS
    assert abs(made.width / made.height - 4 / 3) < 0.01
    assert made.media_type == "image/jpeg"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "F"])
def test_every_kind_of_colours_can_be_kept(mode: str) -> None:
    from io import BytesIO

    from PIL import Image

    form = {"CMYK": "JPEG", "F": "GIF"}.get(mode, "PNG")
    image = Image.new("L", (9, 7)).convert("RGB") if mode == "F" else Image.new(mode, (9, 7))
    out = BytesIO()
    image.save(out, form)
    made = redrawn(out.getvalue())
    assert (made.width, made.height) == (9, 7)


def test_a_copy_keeps_its_bytes_and_is_a_picture_all_the_same() -> None:
    content = picture("PNG")
    made = looked_at(content)
    assert made.content == content
    assert made.media_type == "image/png"
    for wrong in (content[:60], b"GIF89a", b"<svg/>", picture("BMP"), b""):
        with pytest.raises(Invalid):
            looked_at(wrong)


@pytest.mark.parametrize("size", [(1, 1), (640, 360), (4000, 3000), (20_000, 1), (1, 20_000)])
def test_previews_are_small_and_never_empty(size: tuple[int, int]) -> None:
    width, height = preview_size(*size)
    assert width * height <= max(PREVIEW_PIXELS * 1.02, 1)
    assert min(width, height) >= 1


def test_only_what_is_shown_has_a_suffix() -> None:
    assert suffix("image/jpeg") == ".jpg"
    assert suffix("text/html") == ""


# What blurhash-python 1.2.2, the C of the format's authors, makes of the same pixels.
KNOWN = {
    "plain": (bytes([200, 30, 60]) * 32 * 24, 32, 24, "U7M^#R]UfQ]U|yo1fQo1fQfQfQfQ|yo1fQo1"),
    "slope": (
        bytes(v for y in range(16) for x in range(16) for v in (x * 16, y * 16, 128)),
        16,
        16,
        "UsGu,V2@wxozqSWEjte=gJfjfQfjs;WqjtfR",
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_hash_is_the_one_of_the_format(name: str) -> None:
    pixels, width, height, wanted = KNOWN[name]
    assert blurhash(pixels, width, height) == wanted


def test_addresses_are_stable_and_each_readers_own() -> None:
    links, again, other = Links(KEY), Links(KEY), Links()
    assert links.mac(1, 2) == again.mac(1, 2)
    assert (
        len({links.mac(1, 2), links.mac(2, 1), links.mac(1, 21), links.mac(11, 2), other.mac(1, 2)})
        == 5
    )
    assert links.hold(1, 2, links.mac(1, 2))
    for wrong in ("", "é", links.mac(1, 3), links.mac(1, 2)[:-1], other.mac(1, 2)):
        assert not links.hold(1, 2, wrong)
    assert KEY.decode() not in repr(links)


def test_two_nodes_without_a_key_make_different_addresses() -> None:
    one = Node("https://a.example", "a.example")
    two = Node("https://a.example", "a.example")
    assert one == two
    assert one.media(1, 2) != two.media(1, 2)
    assert one.media(1, 2, small=True) == f"{one.media(1, 2)}/small"
    assert "links" not in repr(one)
