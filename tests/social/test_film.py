"""Sound and film: packed anew by a process that can do nothing else (D18, M02)."""

import os
import socket
import struct
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from domain.errors import Invalid
from domain.filetypes import sniffed
from social import film as films
from social import remuxing
from tests.support.films import film
from tests.support.pictures import SECRET


def test_what_was_packed_anew_is_as_long_as_before() -> None:
    made = films.repacked(film(seconds=3), "video/mp4")
    assert made.content is not None
    assert (made.media_type, made.width, made.height) == ("video/mp4", 64, 48)
    assert 2900 < made.duration < 3200
    assert made.picture.startswith(b"\x89PNG")
    again = films.looked_at(made.content, made.media_type)
    assert again.content is None
    assert abs(again.duration - made.duration) < 50
    assert SECRET not in made.content


def test_a_film_without_a_picture_is_a_sound() -> None:
    made = films.repacked(film("m4a"), "video/mp4")
    assert (made.media_type, made.picture) == ("audio/mp4", b"")
    assert made.content is not None
    assert sniffed(made.content) == "audio/mp4"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00\x00\x18ftypisom",
        film()[:500],
        b"#EXTM3U\nhttp://127.0.0.1/x.ts\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
    ],
    ids=["empty", "head", "cut", "playlist", "list of files"],
)
def test_D18_what_is_no_film_is_refused(content: bytes) -> None:
    for media_type in ("video/mp4", "video/webm", "audio/ogg"):
        with pytest.raises(Invalid):
            films.repacked(content, media_type)


def test_D18_a_film_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "SECONDS", 0.001)
    with pytest.raises(Invalid):
        films.repacked(film(), "video/mp4")


def test_D18_the_process_can_open_nothing_and_has_little_memory() -> None:
    """What a fault in a decoder could try."""
    tries = """
import os, socket
from social import remuxing
remuxing.limit()
done = []
for name, attempt in {
    "file": lambda: open("/etc/passwd"),
    "socket": lambda: socket.socket(),
    "pipe": lambda: os.pipe(),
    "memory": lambda: bytearray(remuxing.MEMORY),
}.items():
    try:
        attempt()
        done.append(name)
    except (OSError, MemoryError):
        pass
os.write(1, ",".join(done).encode() or b"nothing")
"""
    found = subprocess.run(
        [sys.executable, "-c", tries], capture_output=True, timeout=60, check=False
    )
    assert found.stdout == b"nothing", found.stderr


def test_and_all_of_it_can_be_done_without_those_limits() -> None:
    with Path(os.devnull).open("rb"), socket.socket():
        assert remuxing.MEMORY > 1 << 30


def test_D18_our_secrets_are_not_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    seen: list[dict[str, str]] = []
    run = subprocess.run

    def spied(*args: object, **given: object) -> object:
        seen.append(given["env"])  # type: ignore[arg-type]
        return run(*args, **given)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", spied)
    films.repacked(film("ogg"), "audio/ogg")
    assert set(seen[0]) <= {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH"}


def turned(content: bytes, width: int) -> bytes:
    """As a phone held upright says it: to be shown a quarter turn to the right (ISO 14496-12)."""
    changed = bytearray(content)
    matrix = changed.find(b"tkhd") + 44
    one = 1 << 16
    struct.pack_into(">9i", changed, matrix, 0, one, 0, -one, 0, 0, width * one, 0, 1 << 30)
    return bytes(changed)


def test_a_phones_film_stands_upright() -> None:
    made = films.repacked(turned(film("silent", corner=True), 48), "video/mp4")
    assert (made.width, made.height) == (48, 64)
    assert made.content is not None
    for seen in (made, films.looked_at(made.content, "video/mp4")):
        small = Image.open(BytesIO(seen.picture)).convert("L")
        assert small.size == (48, 64)
        corners = [small.getpixel(at) for at in ((3, 3), (44, 3), (3, 60), (44, 60))]
        assert [light > 200 for light in corners] == [False, True, False, False]  # type: ignore[operator]
