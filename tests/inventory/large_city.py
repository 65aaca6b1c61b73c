"""A city of any size, for measuring: the sample's common files, and as many departments and systems as wanted."""

from __future__ import annotations

import shutil
from pathlib import Path

from govcloud.core.workspace import Workspace

SYSTEMS_OF_A_DEPARTMENT = 5
MOST_SYSTEMS_OF_A_DEPARTMENT = 17
MOST_DEPARTMENTS = 200

_DEPARTMENT = """\
# yaml-language-server: $schema=../schemas/department.schema.json
title: 第{number}局
contacts: {{leader: 主管领导, staff: [业务经办人, 技术经办人]}}
networks:
  internet: {{ipv4: 10.16.{network}.0/24, ipv6: "fd00:1301:1:{network:x}::/64"}}
  extranet: {{ipv4: 10.17.{network}.0/24, ipv6: "fd00:1301:2:{network:x}::/64"}}
  data: {{ipv4: 10.19.{network}.0/24, ipv6: "fd00:1301:4:{network:x}::/64"}}
  management: {{ipv4: 10.20.{network}.0/24, ipv6: "fd00:1301:5:{network:x}::/64"}}
bastion: {{zone: management, size: small, image: hardened, first_host: 10}}
systems:
"""
_SYSTEM = """\
  s{number}:
    title: 系统{number}
    level: 3
    xinchuang: false
    data_classes: [certificate, personal]
    contacts: {{leader: 主管领导, staff: [系统负责人]}}
    compute:
      web: {{zone: internet, count: 2, size: small, image: hardened, first_host: {host}, anti_affinity: true}}
      application: {{zone: extranet, count: 2, size: medium, image: hardened, first_host: {host}, anti_affinity: true}}
      database: {{zone: data, count: 2, size: large, image: hardened, first_host: {host}, anti_affinity: true}}
    storage:
      volumes:
        database:
          tier: database
          size_gib: 500
          type: standard
          mount: /var/lib/postgresql
          backup: {{recovery_point_hours: 1, recovery_time_hours: 4, keep_days: 180}}
        documents:
          tier: application
          size_gib: 200
          type: standard
          mount: /srv/documents
          backup: {{recovery_point_hours: 24, recovery_time_hours: 8, keep_days: 180}}
      containers:
        documents: {{why: documents with every earlier version, quota_gib: 100, versioned: true}}
    database: {{engine: postgresql, version: "15", tier: database, volume: database, port: 5432, secret: database}}
    network:
      load_balancers:
        front: {{tier: web, first_host: {balancer}, listeners: {{http: 80}}, floating_address: true}}
    security:
      access:
        - {{from: public, to: web, ports: [80], why: citizens and companies use it}}
        - {{from: web, to: application, ports: [8080], why: the pages call the application}}
        - {{from: application, to: database, ports: [5432], why: the application keeps its records there}}
        - {{from: database, to: database, ports: [5432], why: the standby follows the primary}}
      secrets:
        database: {{why: the application signs in to the database}}
"""
# What most systems of a city are: one tier, on the government's extranet.
_SMALL_SYSTEM = """\
  s{number}:
    title: 系统{number}
    level: 2
    xinchuang: false
    data_classes: [internal]
    contacts: {{leader: 主管领导, staff: [系统负责人]}}
    compute:
      application: {{zone: extranet, count: 1, size: medium, image: hardened, first_host: {host}, anti_affinity: false}}
    storage:
      volumes:
        documents:
          tier: application
          size_gib: 200
          type: standard
          mount: /srv/documents
          backup: {{recovery_point_hours: 24, recovery_time_hours: 8, keep_days: 180}}
"""


def write(root: Path, departments: int, systems: int | None = None, *, one_of: int = 1) -> int:
    """Write a city with that many departments and systems beside the sample's own; return the lines of all files.

    Of the systems one of so many is a large one, the others have one tier.
    """
    systems = departments * SYSTEMS_OF_A_DEPARTMENT if systems is None else systems
    if departments > MOST_DEPARTMENTS or systems > departments * MOST_SYSTEMS_OF_A_DEPARTMENT:
        raise ValueError(departments, systems)
    shutil.copytree(Workspace.here().inventory, root, ignore=shutil.ignore_patterns("__pycache__", "schemas"))
    for number in range(departments):
        text = _DEPARTMENT.format(number=number, network=number + 20)
        first, end = systems * number // departments, systems * (number + 1) // departments
        for place, system in enumerate(range(first, end)):
            form = _SMALL_SYSTEM if system % one_of else _SYSTEM
            text += form.format(number=system, host=30 + 9 * place, balancer=10 + place)
        (root / "departments" / f"d{number}.yaml").write_text(text, encoding="utf-8")
    room = "capacity: {vcpus: 100000, memory_gib: 100000, volume_gib: 1000000}"
    for environment in (root / "environments").glob("*.yaml"):
        lines = environment.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith("capacity:")]
        environment.write_text("\n".join((*kept, room)) + "\n", encoding="utf-8")
    return sum(file.read_bytes().count(b"\n") for file in root.rglob("*.yaml"))
