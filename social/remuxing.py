"""Sound and film, packed anew: a program of its own, run by `social/film` for one file at a time.

Only the sound and the picture track are kept, packet by packet: where and with what a film was made
stays behind (security row M02). Decoders of film have faults, so this process can do little: once
it works it can open no file and no socket, has little memory and time, and is told which one format
to read, so no playlist leads it anywhere (D18).

    python -m social.remuxing SOURCE TARGET TYPE

SOURCE and TARGET are open file descriptors; TARGET -1 only looks. Answers on stdout: one line of
JSON, then a PNG of the first picture.
"""

import json
import os
import resource
import sys
from importlib import import_module
from io import BytesIO
from pkgutil import walk_packages
from typing import Any, BinaryIO, Final

import av
from av.container import InputContainer, OutputContainer
from PIL import Image

MEMORY: Final = 1_500 << 20
SECONDS: Final = 60
MOST_PIXELS: Final = 33_177_600
PREVIEW: Final = (640, 640)
_LARGEST: Final = 64 << 20
_PACKETS: Final = 2_000_000
_SOUND: Final = frozenset({"aac", "mp3", "opus", "alac", "flac"})

# What is read as what, written as what, and which tracks may be in it: those that browsers play.
_KINDS: Final[dict[str, tuple[str, str, frozenset[str], frozenset[str]]]] = {
    "video/mp4": ("mp4", "mp4", frozenset({"h264", "hevc", "av1", "vp9"}), _SOUND),
    "video/quicktime": ("mov", "mp4", frozenset({"h264", "hevc"}), _SOUND),
    "video/webm": ("webm", "webm", frozenset({"vp8", "vp9", "av1"}), frozenset({"opus", "vorbis"})),
    "audio/mp4": ("mp4", "ipod", frozenset(), frozenset({"aac", "alac", "mp3"})),
    "audio/mpeg": ("mp3", "mp3", frozenset(), frozenset({"mp3"})),
    "audio/ogg": ("ogg", "ogg", frozenset(), frozenset({"opus", "vorbis", "flac"})),
    "audio/flac": ("flac", "flac", frozenset(), frozenset({"flac"})),
    "audio/wav": (
        *("wav", "wav", frozenset()),
        frozenset({"pcm_s16le", "pcm_s24le", "pcm_u8", "pcm_s32le", "pcm_f32le"}),
    ),
}
_WRITTEN: Final = {"video/quicktime": "video/mp4"}
_SOUND_ALONE: Final = {"video/mp4": "audio/mp4", "video/quicktime": "audio/mp4"}


class Unfit(Exception):  # noqa: N818 - a refusal
    """What cannot be shown here."""


def limit() -> None:
    """Little memory, little time, no files but those that are open: nor any socket."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST, _LARGEST))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def remuxed(
    source: BinaryIO, target: BinaryIO | None, media_type: str
) -> tuple[dict[str, Any], bytes]:
    """Pack a file anew, or only look at it; what it is now, and a PNG of its first picture.

    Raises Unfit, or whatever a broken file makes of its reader.
    """
    reads, writes, pictures, sounds = _KINDS[media_type]
    with av.open(source, "r", format=reads) as given:
        tracks = _tracks(given, pictures, sounds)
        film = tracks[0] if tracks[0].type == "video" else None
        kind = (_WRITTEN if film else _SOUND_ALONE).get(media_type, media_type)
        if film is None and kind.startswith("video/"):
            raise Unfit("no picture")
        if target is None:
            kind, length = media_type if film else kind, _walked(given, tracks)
        else:
            options = {"fflags": "+bitexact"}
            writes = "ipod" if kind == "audio/mp4" else writes
            with av.open(target, "w", format=writes, options=options) as made:
                length = _copied(given, made, tracks)
        told = {"media_type": kind, "duration": length, "width": 0, "height": 0}
        if film is None:
            return told, b""
        given.seek(0)
        image = _first(given, film)
        told["width"], told["height"] = image.size
        image.thumbnail(PREVIEW)
        out = BytesIO()
        image.convert("RGB").save(out, "PNG")
        return told, out.getvalue()


def _tracks(given: InputContainer, pictures: frozenset[str], sounds: frozenset[str]) -> list[Any]:
    """The picture, if this may be a film, and the sound."""
    found: list[Any] = []
    for track in given.streams.video if pictures else ():
        if track.disposition & av.stream.Disposition.attached_pic:
            continue
        if track.codec.canonical_name not in pictures:
            raise Unfit("a kind of film that browsers do not play")
        if not 0 < track.codec_context.width * track.codec_context.height <= MOST_PIXELS:
            raise Unfit("too many pixels")
        found.append(track)
        break
    for sound in given.streams.audio[:1]:
        if sound.codec.canonical_name not in sounds:
            raise Unfit("a kind of sound that browsers do not play")
        found.append(sound)
    if not found:
        raise Unfit("nothing to see or to hear")
    return found


def _copied(given: InputContainer, made: OutputContainer, tracks: list[Any]) -> int:
    """Copy the packets of these tracks; how many ms they last."""
    into = {track.index: made.add_stream_from_template(track) for track in tracks}
    for track in into.values():
        track.metadata.clear()
    made.metadata.clear()
    length, count = 0.0, 0
    for packet in given.demux(tracks):
        count += 1
        if packet.dts is None:
            continue
        if count > _PACKETS:
            raise Unfit("too many packets")
        length = max(length, _end(packet))
        packet.stream = into[packet.stream.index]
        made.mux(packet)
    return round(length * 1000)


def _walked(given: InputContainer, tracks: list[Any]) -> int:
    length = 0.0
    for count, packet in enumerate(given.demux(tracks)):
        if count > _PACKETS:
            raise Unfit("too many packets")
        length = max(length, _end(packet) if packet.dts is not None else 0.0)
    return round(length * 1000)


def _end(packet: Any) -> float:
    at = packet.pts if packet.pts is not None else packet.dts
    start = packet.stream.start_time or 0
    return float((at - start + (packet.duration or 0)) * packet.time_base)


def _first(given: InputContainer, film: Any) -> Image.Image:
    film.thread_type = "NONE"
    for count, frame in enumerate(given.decode(film)):
        image: Image.Image = frame.to_image()
        turn = round(getattr(frame, "rotation", 0) or 0)
        return image.rotate(turn, expand=True) if turn and count == 0 else image
    raise Unfit("no picture")


def _load_all() -> None:
    """Every module that may be wanted: nothing can be opened from here on."""
    for module in walk_packages(av.__path__, "av."):
        if not module.name.startswith(("av.__main__", "av.datasets")):
            import_module(module.name)


def main(arguments: list[str]) -> int:
    """Run for one file; 0, or 1 for what cannot be shown here."""
    source, target, media_type = int(arguments[0]), int(arguments[1]), arguments[2]
    av.logging.set_level(av.logging.PANIC)
    Image.init()
    _load_all()
    read = os.fdopen(source, "rb")
    write = os.fdopen(target, "wb+") if target >= 0 else None
    limit()
    try:
        told, picture = remuxed(read, write, media_type)
        if write is not None:
            write.flush()
    except BaseException as problem:  # noqa: BLE001 - a broken file fails in many ways
        print(type(problem).__name__, problem, file=sys.stderr)  # noqa: T201 - for whoever debugs
        return 1
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + picture)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
