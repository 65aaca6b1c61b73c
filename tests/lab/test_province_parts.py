"""The simulated province without a lab: it is the one that the inventory agreed with, and the keys fit each other."""

from __future__ import annotations

import base64
from pathlib import Path

from govcloud.core.workspace import Workspace
from lab import credentials, identity, render
from tests.sample import SAMPLE

# RFC 7748, 6.1: Bob's private and public key.
PRIVATE = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
PUBLIC = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"


def test_a_public_key_is_that_of_its_private_one(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.secrets.mkdir(parents=True)
    private = workspace.secrets / credentials.UPLINK
    private.write_text(base64.b64encode(bytes.fromhex(PRIVATE)).decode() + "\n", encoding="ascii")
    assert credentials.ensure(workspace)[credentials.UPLINK] == private.read_text(encoding="ascii").strip()
    public = private.with_name(f"{private.name}.pub").read_text(encoding="ascii")
    assert base64.b64decode(public).hex() == PUBLIC


def test_the_province_is_the_one_that_the_city_agreed_with() -> None:
    uplink, access = SAMPLE.departments[SAMPLE.city.owner].uplink, SAMPLE.environments["lab"].uplink
    assert uplink is not None
    assert access is not None
    assert access.endpoint == f"{identity.PROVINCE}:51820"
    assert {access.key, access.neighbour_key} == {
        f".lab/secrets/{credentials.UPLINK}",
        f".lab/secrets/{credentials.PROVINCE}.pub",
    }
    routes = (render.TEMPLATES / "province-routes.conf.j2").read_text(encoding="utf-8")
    tunnel = (render.TEMPLATES / "province-tunnel.conf.j2").read_text(encoding="utf-8")
    assert f"router bgp {uplink.province.as_number}\n" in routes
    assert f"remote-as {uplink.as_number}\n" in routes
    for network in (uplink.tunnel.ipv4, uplink.tunnel.ipv6):
        assert f'"{network[1]}"' in routes
        assert f"Address = {network[2]}/{network.prefixlen}\n" in tunnel
    witness = access.witness
    assert witness is not None
    script = (Path(identity.__file__).parent / "province.sh").read_text(encoding="utf-8")
    for address, network in ((witness.ipv4, uplink.province.ipv4), (witness.ipv6, uplink.province.ipv6)):
        assert f"{address}/" in script
        assert address in network
    assert f"http.server {witness.port} " in script
