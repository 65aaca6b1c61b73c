"""What a new PostgreSQL server must hold before its clients come: a database, its owner, and an account to follow with.

Passwords are compared and sent as SCRAM verifiers, so that neither the server's log nor its statistics ever see one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule

if TYPE_CHECKING:
    import psycopg

DOCUMENTATION = """
module: postgresql_contents
short_description: A database, its owner and an account for followers
description:
  - Run it as the engine's own user on the server itself.
options:
  port: {description: Port of the server, type: int, default: 5432}
  database: {description: Name of the database and of its owner, type: str, required: true}
  password: {description: Password of the owner, type: str, required: true}
  follower: {description: Name of the account that followers use, type: str, required: true}
  follower_password: {description: Password of that account, type: str, required: true}
author: [govcloud]
"""

EXAMPLES = """
- name: Fill the database server
  postgresql_contents:
    database: licences
    password: "{{ password }}"
    follower: follower
    follower_password: "{{ following_password }}"
  become: true
  become_user: postgres
"""

RETURN = """
done: {description: What was changed, type: list, elements: str, returned: always}
"""

ITERATIONS = 4096


def verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """Return what PostgreSQL stores of a password (RFC 5803)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{text[0]}${text[1]}:{text[2]}"


def matches(password: str, kept: str | None) -> bool:
    """Say whether a stored verifier is of this password."""
    scheme, _, rest = (kept or "").partition("$")
    iterations, _, salt = rest.partition("$")[0].partition(":")
    if scheme != "SCRAM-SHA-256" or not iterations.isdigit():
        return False
    return hmac.compare_digest(verifier(password, base64.b64decode(salt), int(iterations)), str(kept))


class Contents:
    """One run: each step looks first, and acts unless it is only a check."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], *, check: bool) -> None:
        self._connection, self._check = connection, check
        self.done: list[str] = []

    def account(self, name: str, password: str, *, replication: bool) -> None:
        """See to an account that signs in with this password."""
        query = "select rolpassword, rolreplication, rolcanlogin from pg_authid where rolname = %s"
        row = self._connection.execute(query, (name,)).fetchone()
        if row is None:
            self._do(f"account {name}", "create role {} login", name)
        kept, replicates, signs_in = row or (None, False, True)
        if replicates != replication or not signs_in:
            right = "replication" if replication else "noreplication"
            self._do(f"rights of {name}", f"alter role {{}} login {right}", name)
        if not matches(password, kept):
            self._do(
                f"password of {name}", "alter role {} password {}", name, verifier(password, secrets.token_bytes(16))
            )

    def database(self, name: str) -> None:
        """See to a database owned by the account of its name, closed to others."""
        query = "select has_database_privilege('public', oid, 'connect') from pg_database where datname = %s"
        row = self._connection.execute(query, (name,)).fetchone()
        if row is None:
            self._do(f"database {name}", "create database {0} owner {0}", name)
        if row is None or row[0]:
            self._do(f"rights on {name}", "revoke connect, temporary on database {} from public", name)

    def _do(self, what: str, statement: str, name: str, literal: str = "") -> None:
        from psycopg import sql  # noqa: PLC0415 - Ansible reads this file where psycopg is not

        self.done.append(what)
        if not self._check:
            self._connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Literal(literal)))


def main() -> None:
    """Run as Ansible's module."""
    module = AnsibleModule(
        argument_spec={
            "port": {"type": "int", "default": 5432},
            "database": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "follower": {"type": "str", "required": True},
            "follower_password": {"type": "str", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    import psycopg  # noqa: PLC0415 - Ansible reads this file where psycopg is not

    wanted = module.params
    try:
        # By the socket, where the engine knows its own user; each statement for itself, as `create database` asks for.
        with psycopg.connect(host="/var/run/postgresql", port=wanted["port"], autocommit=True) as connection:
            contents = Contents(connection, check=module.check_mode)
            contents.account(wanted["database"], wanted["password"], replication=False)
            contents.account(wanted["follower"], wanted["follower_password"], replication=True)
            contents.database(wanted["database"])
    except psycopg.Error as error:
        module.fail_json(msg=f"PostgreSQL: {error}")
    module.exit_json(changed=bool(contents.done), done=contents.done)


if __name__ == "__main__":
    main()
