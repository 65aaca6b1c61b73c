"""A project's default security group lets its members reach each other and all outside: it is emptied (SCS-0115).

Nothing of ours uses it, but a port that is made by hand without a group would. Pulumi cannot hold a group that the
cloud makes by itself, so this is done with the department's own access before its stacks run.
"""

from __future__ import annotations

import openstack


def close(department: openstack.connection.Connection) -> int:
    """Remove every rule of the project's default group and return how many there were."""
    project = department.current_project_id
    removed = 0
    for group in department.network.security_groups(name="default", project_id=project):
        for rule in department.network.security_group_rules(security_group_id=group.id):
            department.network.delete_security_group_rule(rule)
            removed += 1
    return removed


def remove(admin: openstack.connection.Connection, project_id: str) -> None:
    """Remove the default group itself: neutron keeps it when the project goes."""
    for group in admin.network.security_groups(name="default", project_id=project_id):
        admin.network.delete_security_group(group)
