"""Writes the settings of every service into the lab's state, from templates, at each start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from govcloud.core.files import write_atomically
from govcloud.core.workspace import Workspace
from lab import debian, python_index
from lab.credentials import UPLINK
from lab.identity import Identity
from lab.services import HOSTS, SERVICES, SWIFT_PORTS

TEMPLATES = Path(__file__).parent / "templates"
SHIPPED_MAPS = "/opt/openstack/etc/pycadf"
API_PORTS = {service.name: service.port for service in SERVICES if service.port}
# The name the city's own hosts live under.
DOMAIN = "city.internal"


def api_urls(identity: Identity) -> dict[str, str]:
    """Return the address of every API, without a version or a project in it."""
    found = {name: f"http://{identity.lab_address}:{port}" for name, port in API_PORTS.items()}
    return {**found, "swift": found["swift-proxy"]}


def render(workspace: Workspace, identity: Identity, secrets: dict[str, str], openstack: Path) -> None:
    """Write all settings below `state/etc`, 0600: most of them hold a secret."""
    etc = workspace.lab / "state" / "etc"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - settings files, not HTML
    )
    shared: dict[str, Any] = {
        "secrets": secrets,
        "lab": identity,
        "api": api_urls(identity),
        "services": SERVICES,
        "domain": DOMAIN,
        "mirrored": debian.mirrored(),
        "python": python_index.origins(),
        "uplink_public_key": workspace.secrets.joinpath(f"{UPLINK}.pub").read_text(encoding="ascii").strip(),
    }

    def write(file: str, template: str, **more: object) -> None:
        text = environment.get_template(template).render(**shared, **more)
        write_atomically(etc / file, text, mode=0o600)

    for file, template in FILES.items():
        write(file, template)
    for host in HOSTS:
        write(f"nova/{host.name}.conf", "nova-compute.conf.j2", host=host)
        write(f"neutron/metadata-{host.name}.ini", "metadata-agent.ini.j2", host=host)
    for kind, port in SWIFT_PORTS.items():
        write(f"swift/{kind}.conf", "swift-storage.conf.j2", kind=kind, port=port)
    hook = environment.get_template("libvirt-hook.sh.j2").render(**shared)
    for service in SERVICES:
        if service.module:
            write(f"uwsgi/{service.name}.ini", "uwsgi.ini.j2", service=service)
    write_atomically(etc / "rabbitmq-plugins", "[].\n")
    write_atomically(etc / "libvirt/hooks/qemu", hook, mode=0o700)
    _pipelines(etc, openstack / "etc")


FILES = {
    "keystone/keystone.conf": "keystone.conf.j2",
    "placement/placement.conf": "placement.conf.j2",
    "glance/glance-api.conf": "glance-api.conf.j2",
    "nova/nova.conf": "nova.conf.j2",
    "nova/database.conf": "nova-database.conf.j2",
    "nova/vendordata.json": "vendordata.json.j2",
    "neutron/neutron.conf": "neutron.conf.j2",
    "neutron/ml2_conf.ini": "ml2_conf.ini.j2",
    "cinder/cinder.conf": "cinder.conf.j2",
    "barbican/barbican.conf": "barbican.conf.j2",
    "octavia/octavia.conf": "octavia.conf.j2",
    "swift/proxy.conf": "swift-proxy.conf.j2",
    "swift/swift.conf": "swift.conf.j2",
    "libvirt/libvirtd.conf": "libvirtd.conf.j2",
    "libvirt/qemu.conf": "qemu.conf.j2",
    "mariadb.cnf": "mariadb.cnf.j2",
    "mariadb-init.sql": "mariadb-init.sql.j2",
    "rabbitmq.conf": "rabbitmq.conf.j2",
    "mirror.conf": "mirror.conf.j2",
    "time.conf": "time.conf.j2",
    "province/province.conf": "province-tunnel.conf.j2",
    "province/frr.conf": "province-routes.conf.j2",
    "province/daemons": "province-daemons.j2",
    "nftables.conf": "nftables.conf.j2",
    "supervisord.conf": "supervisord.conf.j2",
}
# The request pipelines that the packages ship, each with the map of its requests for the audit filter.
PIPELINES = {
    "nova/api-paste.ini": f"{SHIPPED_MAPS}/nova_api_audit_map.conf",
    "neutron/api-paste.ini": f"{SHIPPED_MAPS}/neutron_api_audit_map.conf",
    "cinder/api-paste.ini": f"{SHIPPED_MAPS}/cinder_api_audit_map.conf",
    "glance/glance-api-paste.ini": f"{SHIPPED_MAPS}/glance_api_audit_map.conf",
    "barbican/barbican-api-paste.ini": "/code/lab/templates/audit/key-manager.conf",
}


def _pipelines(etc: Path, shipped: Path) -> None:
    for file, audit_map in PIPELINES.items():
        text = (shipped / file).read_text(encoding="utf-8")
        write_atomically(etc / file, _with_audit(text, audit_map))


def _with_audit(text: str, audit_map: str) -> str:
    """Put the audit filter where the caller is known: behind the step that reads the token."""
    for known in ("authtoken keystonecontext", "authtoken context"):
        text = text.replace(known, f"{known} changes")
    return text + (
        "\n[filter:changes]\n"
        "paste.filter_factory = keystonemiddleware.audit:filter_factory\n"
        f"audit_map_file = {audit_map}\nignore_req_list = GET,HEAD\n"
    )
