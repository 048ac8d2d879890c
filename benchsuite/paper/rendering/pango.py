"""The system's text libraries, which WeasyPrint needs and Python packages do not bring."""

from __future__ import annotations

import ctypes
from contextlib import suppress

from benchsuite.errors import SetupError

PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
_LIBRARIES = {
    "gobject": ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib", "libgobject-2.0-0.dll"),
    "pango": ("libpango-1.0.so.0", "libpango-1.0.dylib", "libpango-1.0-0.dll"),
    "pangoft2": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib", "libpangoft2-1.0-0.dll"),
    "harfbuzz": ("libharfbuzz.so.0", "libharfbuzz.0.dylib", "libharfbuzz-0.dll"),
    "fontconfig": ("libfontconfig.so.1", "libfontconfig.1.dylib", "libfontconfig-1.dll"),
}
_VERSIONS = {"pango": "pango_version_string", "harfbuzz": "hb_version_string"}


def check_pango() -> None:
    """Raise SetupError, with the Debian packages to install, when the PDF renderer cannot start."""
    if all(_loaded(name) for name in _LIBRARIES):
        return
    try:  # which also looks in places that a user may name
        import weasyprint  # noqa: F401
    except OSError as error:
        raise SetupError(
            "the PDF renderer needs Pango, which this machine lacks",
            where=str(error).splitlines()[0],
            expected="the libraries Pango, PangoFT2 and HarfBuzz",
            remedy=f"on Debian or Ubuntu: sudo apt-get install {PACKAGES}",
        ) from error


def versions() -> dict[str, str]:
    """The version of each text library that shapes a paper's lines; none where it lies in an unusual place."""
    found = {}
    for name, function in _VERSIONS.items():
        if library := _loaded(name):
            ask = getattr(library, function)
            ask.restype = ctypes.c_char_p
            found[name] = ask().decode()
    return found


def _loaded(name: str) -> ctypes.CDLL | None:
    for file in _LIBRARIES[name]:
        with suppress(OSError):
            return ctypes.CDLL(file)
    return None
