"""What the platform gives to a department: a project with the least quota that its inventory needs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_openstack as openstack

from govcloud.core.model.quotas import Quota
from stacks.labels import Labels


@dataclass(frozen=True, kw_only=True)
class DepartmentProjectArgs:
    """A project.

    Octavia deadlocks when it is given the quotas of two new projects at once, and answers 500: `balancers_after` is the
    quota that this one waits for.
    """

    title: str
    quota: Quota
    labels: Labels
    balancers_after: openstack.loadbalancer.Quota | None


class DepartmentProject(pulumi.ComponentResource):
    """A department's project, given out with its quotas set."""

    project_id: pulumi.Output[str]
    balancers: openstack.loadbalancer.Quota

    def __init__(self, name: str, args: DepartmentProjectArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:tenancy:DepartmentProject", name, None, opts)
        self._ours = pulumi.ResourceOptions(parent=self)
        project = openstack.identity.Project(
            name, name=name, description=args.title, tags=args.labels.as_tags(), opts=self._ours
        )
        quotas = self._quotas(name, project.id, args.quota)
        self.balancers = self._balancers(name, project.id, args)
        self.project_id = pulumi.Output.all(project.id, *quotas, self.balancers.id).apply(lambda values: str(values[0]))
        self.register_outputs({"project_id": self.project_id})

    def _quotas(self, name: str, project_id: pulumi.Output[str], quota: Quota) -> list[pulumi.Output[str]]:
        compute = openstack.compute.QuotaSetV2(
            f"{name}-compute",
            project_id=project_id,
            instances=quota.instances,
            cores=quota.cores,
            ram=quota.memory_mib,
            server_groups=quota.server_groups,
            server_group_members=quota.server_group_members,
            opts=self._ours,
        )
        volumes = openstack.blockstorage.QuoteSetV3(
            f"{name}-volumes",
            project_id=project_id,
            volumes=quota.volumes,
            gigabytes=quota.volume_gib,
            opts=self._ours,
        )
        network = openstack.networking.QuotaV2(
            f"{name}-network",
            project_id=project_id,
            network=quota.networks,
            subnet=quota.subnets,
            port=quota.ports,
            router=quota.routers,
            floatingip=quota.floating_addresses,
            security_group=quota.security_groups,
            security_group_rule=quota.security_group_rules,
            opts=self._ours,
        )
        return [compute.id, volumes.id, network.id]

    def _balancers(
        self, name: str, project_id: pulumi.Output[str], args: DepartmentProjectArgs
    ) -> openstack.loadbalancer.Quota:
        before = pulumi.ResourceOptions(depends_on=[args.balancers_after] if args.balancers_after else None)
        quota = args.quota
        return openstack.loadbalancer.Quota(
            f"{name}-load-balancers",
            project_id=project_id,
            loadbalancer=quota.load_balancers,
            listener=quota.listeners,
            pool=quota.pools,
            member=quota.members,
            health_monitor=quota.health_monitors,
            opts=pulumi.ResourceOptions.merge(self._ours, before),
        )
