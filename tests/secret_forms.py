"""How a secret may stand in text: what is searched for where none may be."""

from __future__ import annotations

import base64
from urllib.parse import quote


def forms_of(secret: str) -> set[bytes]:
    """Return a secret as it is, as it is in an address, and in base64 at each of its three offsets."""
    plain = secret.encode()
    encoded = {base64.b64encode(b"-" * offset + plain) for offset in range(3)}
    # What depends on its neighbours is left out at both ends.
    return {plain, quote(secret).encode(), *(text[4:-4] for text in encoded)}
