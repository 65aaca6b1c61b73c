"""What Pulumi keeps in a PostgreSQL database: a row for each file that its file backend would have.

Pulumi puts the database's name before each path, as if it were a folder.

Only locks are read and removed: everything else goes through Pulumi. What a database keeps, it also keeps whole:
nothing of ours is put back from copies there; that is the database's own backup.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, LiteralString
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from psycopg import sql

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr

_TABLE = "pulumi_state"
_SECONDS = 10


def read(address: str, environment: Mapping[str, str], folder: str) -> dict[str, str]:
    """Return the contents of all entries below a folder by their keys; none where Pulumi has no table yet."""
    within = urlsplit(address).path.strip("/") + "/" + folder
    query = "SELECT key, data ->> 'data' FROM {} WHERE starts_with(key, %s) ORDER BY key"
    rows = _ask(address, environment, query, within)
    return {str(key): base64.b64decode(data).decode(errors="replace") for key, data in rows}


def remove(address: str, environment: Mapping[str, str], key: str) -> None:
    """Remove one entry; one that is gone already is no fault."""
    _ask(address, environment, "DELETE FROM {} WHERE key = %s RETURNING key", key)


def _ask(address: str, environment: Mapping[str, str], query: LiteralString, value: str) -> list[tuple[Any, ...]]:
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    table = options.pop("table", _TABLE)
    options.setdefault("connect_timeout", str(_SECONDS))
    # The file as an argument: it may be ours, and not in our own process's environment, from which a password is taken.
    passwords = environment.get("PGPASSFILE")
    try:
        with psycopg.connect(parts._replace(query=urlencode(options)).geturl(), passfile=passwords) as connection:
            return connection.execute(sql.SQL(query).format(sql.Identifier(table)), (value,)).fetchall()
    except psycopg.errors.UndefinedTable:
        return []
    except psycopg.Error as error:
        message = tr(
            "{address}: the states cannot be reached: {told}. Fix: start the database; its password goes into "
            "PGPASSWORD, or into PGPASSFILE (0600)",
            address=address,
            told=" ".join(str(error).split()),
        )
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK) from None
