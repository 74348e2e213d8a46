"""Pictures drawn anew, small versions, their BlurHash, and addresses for each reader."""

import subprocess
import sys
from io import BytesIO

import pytest
from PIL import Image

from domain.blurhash import blurhash, is_blurhash
from domain.errors import Invalid
from domain.filetypes import suffix
from domain.links import Links
from domain.node import Node
from domain.pictures import (
    KEPT_PIXELS,
    MOVING_PIXELS,
    PREVIEW_PIXELS,
    looked_at,
    preview_size,
    redrawn,
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


# What is small and wants to become large (D17).

_BOMBS = """
import resource, sys, time, zlib, struct
from io import BytesIO
from PIL import Image
from domain.errors import Invalid
from domain.pictures import redrawn

def png(width, height, *, chunks=b""):
    def chunk(name, data):
        end = struct.pack(">L", zlib.crc32(name + data))
        return struct.pack(">L", len(data)) + name + data + end
    row = b"\\0" * (1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">LLBBBBB", width, height, 1, 0, 0, 0, 0)
    drawn = chunks + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + drawn

def text(name, data):
    body = name + zlib.compress(data, 9)
    kind = b"iCCP" if name.startswith(b"icc") else b"zTXt"
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

def moving(form, size, frames):
    out = BytesIO()
    images = [Image.new("L", size, at * 37 % 256) for at in range(frames)]
    images[0].save(out, form, save_all=True, append_images=images[1:], duration=40)
    return out.getvalue()

bombs = {
    "pixels": png(14_000, 14_000),
    "profile": png(9, 9, chunks=text(b"icc\\0\\0", b"\\0" * (80 << 20))),
    "words": png(9, 9, chunks=text(b"Comment\\0\\0", b"\\0" * (80 << 20))),
    "frames": moving("GIF", (9, 9), 3_000),
    "apng": moving("PNG", (9, 9), 1_000),
    "large frames": moving("WEBP", (2_000, 2_000), 9),
    "wide": png(40_000, 1),
}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name, content in bombs.items():
    started = time.process_time()
    try:
        redrawn(content)
    except Invalid:
        pass
    else:
        print(name, "was drawn")
    if time.process_time() - started > 2:
        print(name, "took", time.process_time() - started)
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
if grown > 150:
    print("took", grown, "MiB")
"""


def test_D17_bombs_are_refused_at_once_and_in_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BOMBS], capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_what_moves_is_counted_over_all_frames() -> None:
    frames = MOVING_PIXELS // (1000 * 1000)
    for count, fits in ((frames, True), (frames + 1, False)):
        images = [Image.new("L", (1000, 1000), at * 37 % 256) for at in range(count)]
        out = BytesIO()
        images[0].save(out, "GIF", save_all=True, append_images=images[1:], duration=40)
        if fits:
            assert redrawn(out.getvalue()).media_type == "image/gif"
        else:
            with pytest.raises(Invalid):
                redrawn(out.getvalue())


def test_another_nodes_picture_that_moves_too_long_is_no_copy() -> None:
    images = [Image.new("L", (9, 9), at * 37 % 256) for at in range(400)]
    out = BytesIO()
    images[0].save(out, "GIF", save_all=True, append_images=images[1:], duration=40)
    with pytest.raises(Invalid):
        looked_at(out.getvalue())


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("U7M^#R]UfQ]U|yo1fQo1fQfQfQfQ|yo1fQo1", True),
        ("", False),
        ("U7M^#", False),
        ("U7M^#R]UfQ]U|yo1fQo1fQfQfQfQ|yo1fQo", False),
        ("U7M^#R]UfQ]U|yo1fQo1fQfQfQfQ|yo1fQ<x", False),
    ],
)
def test_a_hash_that_apps_would_fail_on_is_none(text: str, good: bool) -> None:
    assert is_blurhash(text) is good
