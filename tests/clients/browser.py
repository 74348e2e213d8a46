"""What a person does in a browser when a client program wants to sign in: pages, forms, cookies."""

from collections.abc import Iterable
from http.cookiejar import Cookie
from typing import cast
from urllib.parse import urljoin

import requests
from selectolax.lexbor import LexborHTMLParser, LexborNode

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


class Browser:
    """Keeps cookies, follows links, fills in forms as they stand on the page. No JavaScript."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self.address = ""
        self.status = 0
        self.page = LexborHTMLParser("")

    def trust(self, ca_file: str) -> None:
        """Believe certificates of this authority, and no others."""
        self._session.trust_env = False  # what the environment trusts would come first
        self._session.verify = ca_file

    @property
    def cookies(self) -> list[Cookie]:
        """What the browser keeps."""
        return list(cast("Iterable[Cookie]", self._session.cookies))

    def open(self, url: str) -> None:
        """Go to an address."""
        self._show(self._session.get(url, timeout=40))

    def submit(self, button: str, **filled: str) -> None:
        """Fill in the form that has this button, and press it. Hidden fields go along."""
        form, pressed = self._form(button)
        fields = {
            name: field.attributes.get("value") or ""
            for field in form.css("input[name]")
            if (name := field.attributes.get("name"))
            and field.attributes.get("type") not in {"submit", "checkbox", "radio"}
        }
        unknown = filled.keys() - fields.keys()
        assert not unknown, f"the form has no {unknown}, but {sorted(fields)}"
        name = pressed.attributes.get("name")
        chosen = {name: pressed.attributes.get("value") or ""} if name else {}
        target = urljoin(self.address, form.attributes.get("action") or self.address)
        sent = fields | filled | chosen
        if (form.attributes.get("method") or "get").lower() == "post":
            self._show(self._session.post(target, data=sent, timeout=40))
        else:
            self._show(self._session.get(target, params=sent, timeout=40))

    def _form(self, button: str) -> tuple[LexborNode, LexborNode]:
        for form in self.page.css("form"):
            for found in form.css("button, input[type=submit]"):
                shown = found.text(strip=True) or found.attributes.get("value")
                if shown == button:
                    return form, found
        raise AssertionError(f"no button {button!r} on {self.address}: {self.text}")

    @property
    def text(self) -> str:
        """The words on the page."""
        return self.page.body.text(separator=" ", strip=True) if self.page.body else ""

    def _show(self, response: requests.Response) -> None:
        self.address, self.status = response.url, response.status_code
        self.page = LexborHTMLParser(response.text)


def allow(url: str, name: str, password: str, browser: Browser | None = None) -> str:
    """Open an app's sign-in address, sign in, allow; the code that the page shows."""
    browser = browser or Browser()
    browser.open(url)
    browser.submit("Sign in", login=name, password=password)
    browser.submit("Allow")
    return shown_code(browser)


def shown_code(browser: Browser) -> str:
    """The code on the out-of-band page."""
    field = browser.page.css_first("#code, input[readonly]")
    assert field is not None, f"no code on {browser.address}: {browser.status} {browser.text}"
    code = field.attributes.get("value") or field.text(strip=True)
    assert code
    return code
