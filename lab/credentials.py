"""Secrets of one lab: generated at its first start, one 0600 file each, never in a command line or a log."""

from __future__ import annotations

import base64
import secrets
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from govcloud.core.files import write_atomically
from govcloud.core.workspace import Workspace

# One per place where a secret is needed; a service's own account has one of its own.
NAMES = (
    "admin",
    "database",
    "rabbitmq",
    "metadata",
    "octavia_certificates",
    "swift_hash",
    "supervisor",
    *(f"user_{name}" for name in ("placement", "glance", "nova", "neutron", "cinder", "octavia", "barbican", "swift")),
)
# The city's and the province's end of the uplink's tunnel.
UPLINK, PROVINCE = "uplink_wireguard", "province_wireguard"


def ensure(workspace: Workspace) -> dict[str, str]:
    """Return all secrets by name, generating those that do not exist yet."""
    workspace.lab.mkdir(parents=True, exist_ok=True)
    workspace.lab.chmod(0o700)
    workspace.secrets.mkdir(exist_ok=True)
    workspace.secrets.chmod(0o700)
    found = {name: _ensure(workspace.secrets / name, secrets.token_hex(24)) for name in NAMES}
    # Fernet wants 32 bytes, URL-safe; octavia's passphrase exactly 32 characters.
    found["barbican_kek"] = _ensure(
        workspace.secrets / "barbican_kek", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    )
    found["octavia_certificates"] = found["octavia_certificates"][:32]
    _ensure(workspace.passphrase, secrets.token_hex(24))
    _ensure_ssh_key(workspace.ssh_key)
    for name in (UPLINK, PROVINCE):
        found[name] = _ensure_wireguard_key(workspace.secrets / name)
    return found


def _ensure(file: Path, fresh: str) -> str:
    if not file.is_file():
        write_atomically(file, fresh + "\n", mode=0o600)
    return file.read_text(encoding="utf-8").strip()


def _ensure_wireguard_key(private: Path) -> str:
    """Make a key pair of one end of the tunnel to the province; the public half stands beside the private one."""
    secret = _ensure(private, base64.b64encode(secrets.token_bytes(32)).decode())
    key = X25519PrivateKey.from_private_bytes(base64.b64decode(secret))
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    write_atomically(private.with_name(f"{private.name}.pub"), f"{public}\n")
    return secret


def _ensure_ssh_key(private: Path) -> None:
    """Make the operator's key pair; the public half is written last, so its presence means both are whole."""
    public = private.with_name(private.name + ".pub")
    if public.is_file():
        return
    private.unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", str(private)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
