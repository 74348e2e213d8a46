"""Sound and film: handed to a process that may do nothing but pack them anew (`remuxing`).

Blocks for as long as that takes (seconds): call it in a thread.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final

import msgspec
import structlog
from msgspec import Struct

from domain.errors import Invalid

log = structlog.get_logger("social")

SECONDS: Final = 90.0
"""How long one file may take."""

_LARGEST_ANSWER: Final = 8 << 20
_UNFIT: Final = (
    "This film or sound cannot be shown here. MP4 (H.264), WebM, MP3, Ogg, FLAC, WAV and M4A can."
)
_HERE: Final = Path(__file__).resolve().parent.parent


class Film(Struct, frozen=True):
    """Sound or film as it is kept. `content` is None where it was only looked at.

    `duration` in ms; `picture` a PNG of its first picture, nothing for sound.
    """

    content: bytes | None
    media_type: str
    duration: int
    width: int
    height: int
    picture: bytes


class _Told(Struct, frozen=True):
    media_type: str
    duration: int
    width: int
    height: int


def repacked(content: bytes, media_type: str) -> Film:
    """Sound or film without anything but its tracks. Raises Invalid with a sentence."""
    with TemporaryFile() as target:
        told, picture = _run(content, media_type, target)
        target.seek(0)
        return _film(target.read(), told, picture)


def looked_at(content: bytes, media_type: str) -> Film:
    """What is known of another node's film, whose bytes stay as they are. Raises Invalid."""
    told, picture = _run(content, media_type, None)
    return _film(None, told, picture)


def _environment() -> dict[str, str]:
    """What the program needs and no more: secrets of ours are not its business."""
    needed = {"PYTHONPATH": str(_HERE), "PYTHONDONTWRITEBYTECODE": "1"}
    libraries = os.environ.get("LD_LIBRARY_PATH")
    return needed if libraries is None else {**needed, "LD_LIBRARY_PATH": libraries}


def _film(content: bytes | None, told: _Told, picture: bytes) -> Film:
    if content is not None and not content:
        raise Invalid(_UNFIT, "file")
    shape = (max(0, told.duration), told.width, told.height)
    return Film(content, told.media_type, *shape, picture)


def _run(content: bytes, media_type: str, target: BinaryIO | None) -> tuple[_Told, bytes]:
    with TemporaryFile() as source:
        source.write(content)
        source.flush()
        source.seek(0)
        fds = [source.fileno()] if target is None else [source.fileno(), target.fileno()]
        into = -1 if target is None else target.fileno()
        program = [sys.executable, "-P", "-m", "social.remuxing"]
        command = [*program, str(source.fileno()), str(into), media_type]
        try:
            done = subprocess.run(  # noqa: S603 - our own program, and words of our own
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                pass_fds=fds,
                env=_environment(),
                cwd="/",
                check=False,
            )
        except subprocess.TimeoutExpired:
            log.info("film not packed", reason="took too long")
            raise Invalid(_UNFIT, "file") from None
    line, _, picture = done.stdout[:_LARGEST_ANSWER].partition(b"\n")
    if done.returncode != 0 or not line:
        reason = done.stderr[-200:].decode("utf-8", "replace").strip()
        log.info("film not packed", code=done.returncode, reason=reason)
        raise Invalid(_UNFIT, "file")
    return msgspec.json.decode(line, type=_Told), picture
