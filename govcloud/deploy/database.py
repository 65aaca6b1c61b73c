"""Reading what Pulumi keeps in a PostgreSQL database: a row for each file that its file backend would have.

Pulumi puts the database's name before each path, as if it were a folder.

Only locks are read: everything else goes through Pulumi. What a database keeps, it also keeps whole: nothing of
ours is put back from copies there; that is the database's own backup.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from psycopg import sql

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr

_TABLE = "pulumi_state"
_SECONDS = 10


def read(address: str, environment: Mapping[str, str], folder: str) -> list[str]:
    """Return the contents of all entries below a folder; none where Pulumi has not made its table yet."""
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    table = options.pop("table", _TABLE)
    options.setdefault("connect_timeout", str(_SECONDS))
    # The file as an argument: it may be ours, and not in our own process's environment, from which a password is taken.
    passwords = environment.get("PGPASSFILE")
    try:
        with psycopg.connect(parts._replace(query=urlencode(options)).geturl(), passfile=passwords) as connection:
            query = sql.SQL("SELECT data ->> 'data' FROM {} WHERE starts_with(key, %s) ORDER BY key")
            rows = connection.execute(
                query.format(sql.Identifier(table)), (parts.path.strip("/") + "/" + folder,)
            ).fetchall()
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
    return [base64.b64decode(row[0]).decode(errors="replace") for row in rows]
