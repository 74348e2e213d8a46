"""Film, sound and documents for tests, with secrets where phones and offices hide them."""

import zipfile
from fractions import Fraction
from functools import cache
from io import BytesIO
from typing import Any

import av
from PIL import Image

from tests.support.pictures import SECRET

_WORDS = SECRET.decode()
_KINDS: dict[str, tuple[str, str | None, str | None]] = {
    "mp4": ("mp4", "libx264", "aac"),
    "silent": ("mp4", "libx264", None),
    "mov": ("mov", "libx264", "aac"),
    "webm": ("webm", "libvpx", "libopus"),
    "m4a": ("ipod", None, "aac"),
    "mp3": ("mp3", None, "libmp3lame"),
    "ogg": ("ogg", None, "libopus"),
    "flac": ("flac", None, "flac"),
    "wav": ("wav", None, "pcm_s16le"),
    "mkv": ("matroska", "mpeg4", "aac"),
}


@cache
def film(
    kind: str = "mp4", seconds: int = 1, size: tuple[int, int] = (64, 48), *, corner: bool = False
) -> bytes:
    """A film or a sound of this kind, blue all through, with secrets in its metadata.

    `corner`: white at the top left.
    """
    form, picture, sound = _KINDS[kind]
    out = BytesIO()
    with av.open(out, "w", format=form) as made:
        for name in ("title", "comment", "artist", "location"):
            made.metadata[name] = f"+47.37+8.54/{_WORDS}"
        tracks: list[Any] = []
        if picture is not None:
            tracks.append(_picture_track(made, picture, size))
        if sound is not None:
            tracks.append(made.add_stream(sound, rate=48_000))
        for track in tracks:
            track.metadata["title"] = track.metadata["handler_name"] = _WORDS
        for track in tracks:
            frames = (
                _pictures(size, seconds, corner)
                if track.type == "video"
                else _silence(track, seconds)
            )
            for frame in (*frames, None):
                for packet in track.encode(frame):
                    made.mux(packet)
    return out.getvalue()


def _picture_track(made: Any, codec: str, size: tuple[int, int]) -> Any:
    track = made.add_stream(codec, rate=10)
    track.width, track.height = size
    track.pix_fmt = "yuv420p"
    return track


def _pictures(size: tuple[int, int], seconds: int, corner: bool) -> list[Any]:
    image = Image.new("RGB", size, (20, 30, 200))
    if corner:
        image.paste("white", (0, 0, size[0] // 4, size[1] // 4))
    make: Any = av.VideoFrame.from_image
    return [make(image) for _ in range(10 * seconds)]


def _silence(track: Any, seconds: int) -> list[Any]:
    context = track.codec_context
    samples = context.frame_size or 1024
    found = []
    for at in range(0, 48_000 * seconds, samples):
        frame = av.AudioFrame(
            format=context.format.name, layout=context.layout.name, samples=samples
        )
        frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        found.append(frame)
    return found


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def office(kind: str = "docx", **more: bytes) -> bytes:
    """The smallest office document; `more` adds entries, `__` in a name for a slash."""
    folder = {"docx": "word", "xlsx": "xl", "pptx": "ppt"}[kind]
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", "<Types/>")
        made.writestr(f"{folder}/document.xml", "<document/>")
        for name, content in more.items():
            made.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def open_document(said: str = "application/vnd.oasis.opendocument.text") -> bytes:
    """The smallest OpenDocument file."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("mimetype", said)
        made.writestr("content.xml", "<office/>")
    return out.getvalue()
