"""Pictures for tests, made when they are needed, with secrets where cameras and hosts hide them."""

from io import BytesIO
from typing import Any

from aiohttp import FormData
from PIL import Image

from tests.support.nodes import Answer, Json, Person

SECRET = b"Kirchgasse 12"
"""Stands in every corner of a file that is no pixel."""


def picture(
    form: str = "JPEG", size: tuple[int, int] = (64, 48), color: Any = (200, 30, 60), **more: Any
) -> bytes:
    """A picture of one colour with a white corner."""
    mode = "RGBA" if isinstance(color, tuple) and len(color) == 4 else "RGB"
    image = Image.new(mode, size, color)
    image.paste("white", (0, 0, size[0] // 4, size[1] // 4))
    out = BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def moving(form: str = "GIF", frames: int = 3, **more: Any) -> bytes:
    """A picture that changes its colours, red first."""
    colors = ["red", "blue", "green", "white", "black"]
    first, *others = [Image.new("RGB", (20, 20), colors[at % 5]) for at in range(frames)]
    out = BytesIO()
    more = more if form == "GIF" else {}
    first.save(out, form, save_all=True, append_images=others, duration=50, loop=0, **more)
    return out.getvalue()


def form_with(content: bytes, name: str = "me.jpg", **fields: str) -> FormData:
    """A multipart form as apps send it."""
    form = FormData()
    form.add_field("file", BytesIO(content), filename=name, content_type="image/jpeg")
    for field, value in fields.items():
        form.add_field(field, value)
    return form


async def try_upload(
    person: Person, content: bytes, path: str = "/api/v2/media", **fields: str
) -> Answer:
    """Upload and give the answer."""
    return await person.ask("POST", path, data=form_with(content, **fields))


async def upload(person: Person, content: bytes | None = None, **fields: str) -> Json:
    """Upload a picture; the MediaAttachment."""
    answer = await try_upload(person, content or picture(), **fields)
    assert answer.status == 200, answer.text
    return answer.json
