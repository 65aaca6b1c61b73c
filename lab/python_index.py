"""The machine's own Python index, which the city's mirror passes on to guests. No index's name stands in the settings.

An index names its files by addresses of its own. Those below the index are passed on as they are; PyPI keeps its files
on a second host, the one that is known by name.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from govcloud.core.errors import Exit, GovcloudError
from lab.debian import Origin
from toolchain import uv

PYPI, PYPI_FILES = "https://pypi.org/simple", "https://files.pythonhosted.org"


def origins() -> list[Origin]:
    """Return where /pypi and, for PyPI itself, /pypi-files of the mirror come from.

    An index that wants a password is refused: the mirror would hand it on to every guest.
    """
    url = uv.environment().get("UV_DEFAULT_INDEX", PYPI).rstrip("/")
    parts = urlsplit(url)
    if parts.username or not url.endswith("/simple"):
        message = (
            "pip's index-url: the mirror needs one that ends in /simple and wants no password. Fix: set such a one"
        )
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
    index = Origin("pypi", f"{parts.scheme}://{parts.netloc}", parts.netloc, parts.path.removesuffix("/simple"))
    if url != PYPI:
        return [index]
    return [index, Origin("pypi-files", PYPI_FILES, urlsplit(PYPI_FILES).netloc, "")]
