"""Who may reach what, and what must stay secret: security groups that deny by default, generated secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_openstack as openstack

from govcloud.core.model.rules import Rule
from stacks.labels import Labels


@dataclass(frozen=True, kw_only=True)
class SecurityGroupsArgs:
    """Groups by key with their rules; a rule's remote group is one of the same keys, or one of `others`."""

    prefix: str
    groups: Mapping[str, tuple[Rule, ...]]
    labels: Mapping[str, Labels]
    others: Mapping[str, pulumi.Input[str]]


class SecurityGroups(pulumi.ComponentResource):
    """Groups that allow nothing but their rules, neither in nor out."""

    ids: Mapping[str, pulumi.Output[str]]
    """By key; a group is given out together with its rules."""

    def __init__(self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:security:SecurityGroups", name, None, opts)
        self._ours = pulumi.ResourceOptions(parent=self)
        made = {key: self._group(f"{args.prefix}-{key}", args.labels[key]) for key in args.groups}
        known = {**args.others, **{key: group.id for key, group in made.items()}}
        self.ids = {}
        for key, rules in args.groups.items():
            ready = [self._rule(f"{args.prefix}-{key}", made[key].id, rule, known).id for rule in rules]
            self.ids[key] = pulumi.Output.all(made[key].id, *ready).apply(_first)
        self.register_outputs({"ids": dict(self.ids)})

    def _group(self, name: str, labels: Labels) -> openstack.networking.SecGroup:
        return openstack.networking.SecGroup(
            name,
            name=name,
            description="Allows what the inventory lists and nothing else",
            delete_default_rules=True,
            tags=labels.as_tags(),
            opts=self._ours,
        )

    def _rule(
        self, name: str, group_id: pulumi.Input[str], rule: Rule, known: Mapping[str, pulumi.Input[str]]
    ) -> openstack.networking.SecGroupRule:
        return openstack.networking.SecGroupRule(
            f"{name}-{rule.key}",
            security_group_id=group_id,
            direction=rule.direction.value,
            ethertype=f"IPv{rule.family}",
            protocol=rule.protocol,
            port_range_min=rule.port,
            port_range_max=rule.port,
            remote_group_id=known[rule.remote_group] if rule.remote_group else None,
            remote_ip_prefix=rule.remote_range,
            description=rule.why,
            opts=self._ours,
        )


@dataclass(frozen=True, kw_only=True)
class GeneratedSecretArgs:
    """A secret's value is made by `govcloud deploy` and stands, encrypted, in the stack's settings only.

    `value` must be marked as secret: a configuration's `require_secret` gives it so.
    """

    value: pulumi.Output[str]
    labels: Labels


class GeneratedSecret(pulumi.ComponentResource):
    """A secret in the key manager; whoever needs it reads it there with the department's access."""

    secret_ref: pulumi.Output[str]

    def __init__(self, name: str, args: GeneratedSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:security:GeneratedSecret", name, None, opts)
        secret = openstack.keymanager.SecretV1(
            name,
            name=name,
            payload=args.value,
            payload_content_type="text/plain",
            secret_type="passphrase",  # noqa: S106 - a kind, not a secret
            metadata=args.labels.as_metadata(),
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["payload"]),
        )
        self.secret_ref = secret.secret_ref
        self.register_outputs({"secret_ref": self.secret_ref})


def _first(values: Sequence[str]) -> str:
    return values[0]
