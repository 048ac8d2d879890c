"""A headless Chromium that opens pages and keeps what it complains about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
"""The browser; where CHROMIUM names one, as in CI, its absence is a failure."""
DESKTOP, PHONE = {"width": 1300, "height": 900}, {"width": 360, "height": 740}


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this system; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, file: Path | str, *, within: str | None = None, **context: Any) -> Iterator[Page]:
    """`file`, or the page at an address, in a fresh profile, by default as wide as a desktop's window. Anything on the
    console, any error of a script and any request for another address, but for those that begin with `within`, fails
    the test at the end. Nothing moves by itself: a click does not miss what a smooth scroll still carries along."""
    address = file if isinstance(file, str) else file.as_uri()
    usual = {"viewport": DESKTOP, "locale": "es-ES", "accept_downloads": True, "reduced_motion": "reduce"}
    made = browser.new_context(**{**usual, **context})
    page = made.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request", lambda request: _foreign(request.url, within or address) and complaints.append(request.url[:200])
    )
    page.goto(address)
    yield page
    made.close()
    assert complaints == []


def _foreign(address: str, allowed: str) -> bool:
    whole = allowed.endswith("/")
    return not address.startswith(("data:", "blob:", *([allowed] if whole else []))) and (whole or address != allowed)
