"""The rules as a policy pack of Pulumi: `pulumi preview --policy-pack compliance/policy_pack`, and the same with `up`.

Rules that look at one resource judge it before it is made. Rules that look at others judge the whole stack when it is
planned. What could not be seen is told as advice: it stops nothing, and it is never taken for a pass.

A stack is judged by what was asked for. Pulumi hands over the answers instead, in which the cloud's own defaults
cannot be told from what was asked for, so the requests are kept as they pass by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyComplianceFramework,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from compliance.policy.cause import Inventory as Files
from compliance.policy.city import City
from compliance.policy.judging import Finding, rules
from compliance.policy.resource import NOT_YET, Resource, Values, plain
from compliance.policy.rule import Rule, judge
from govcloud.core.language import tr
from govcloud.core.model.inventory import Inventory, load
from govcloud.core.model.results import Verdict
from govcloud.core.workspace import Workspace


class _CouldNotLookError(UnknownValueError):
    """Pulumi's word for a value that a policy cannot see: the policy is told as not run, whatever its level."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, [])
        self.message = tr("; ").join(reasons)


class Pack:
    """The requests of one run, and the city as they are judged in."""

    def __init__(self, inventory: Inventory, folder: Path) -> None:
        self.inventory = inventory
        self.files = Files(folder)
        self.asked: dict[str, Resource] = {}
        self._raw: dict[str, object] = {}
        self._city: tuple[tuple[str, ...], City] | None = None

    def policies(self) -> list[ResourceValidationPolicy | StackValidationPolicy]:
        """Return one policy for each rule; the one that keeps the requests comes first."""
        keep = ResourceValidationPolicy(
            "requests", tr("Requests are kept for the rules that look at the whole stack"), validate=self._keep
        )
        return [keep, *(self._policy(one) for one in rules())]

    def _policy(self, one: Rule) -> ResourceValidationPolicy | StackValidationPolicy:
        about: dict[str, Any] = {
            "description": tr(one.title),
            "remediation_steps": tr(one.fix),
            "framework": PolicyComplianceFramework("GB/T 22239", "2019", specification=one.clause),
        }
        if one.alone:
            return ResourceValidationPolicy(one.key, validate=self._alone(one), **about)
        return StackValidationPolicy(one.key, validate=self._together(one), **about)

    def _keep(self, args: ResourceValidationArgs, _: ReportViolation) -> None:
        self.asked[args.urn] = Resource(args.urn, args.resource_type, _values(args.props), {}, args.opts.protect)

    def _alone(self, one: Rule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            resource = self.asked[args.urn]
            if not one.looks_at(resource):
                args.not_applicable()
            city = City.of(self.inventory, resource.stack, [resource])
            _tell([Finding(one, resource, judge(one, resource, city), city, self.files)], report)

        return validate

    def _together(self, one: Rule) -> Callable[[StackValidationArgs, ReportViolation], None]:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            city = self._whole(args)
            fitting = [each for each in city.resources.values() if one.looks_at(each)]
            if not fitting:
                args.not_applicable()
            _tell([Finding(one, each, judge(one, each, city), city, self.files) for each in fitting], report)

        return validate

    def _whole(self, args: StackValidationArgs) -> City:
        """Return the city of one stack; made once for all rules."""
        urns = tuple(each.urn for each in args.resources)
        if self._city is None or self._city[0] != urns:
            found = []
            for each in args.resources:
                asked = self.asked.get(each.urn)
                values = asked.values if asked else _values(each.props)
                references = {
                    name: tuple(other.urn for other in others) for name, others in each.property_dependencies.items()
                }
                found.append(Resource(each.urn, each.resource_type, values, references, each.opts.protect))
            self._city = (urns, City.of(self.inventory, found[0].stack, found))
        return self._city[1]


def _tell(found: Sequence[Finding], report: ReportViolation) -> None:
    for each in found:
        if each.verdict is Verdict.NONCONFORM:
            report(each.message, each.resource.urn)
    unseen = [f"{each.resource.name}: {reason}" for each in found for reason in _unseen(each)]
    if unseen:
        raise _CouldNotLookError(unseen)


def _unseen(found: Finding) -> Sequence[str]:
    return found.judgement.reasons if found.verdict is Verdict.NOT_TESTED else ()


def _values(props: Mapping[str, Any]) -> Values:
    return Values({key: plain(value) for key, value in _seen(props).items()})


def _seen(props: Mapping[str, Any]) -> dict[str, Any]:
    """Copy values out of Pulumi's wrappers, which raise for each that is not known."""
    return {key: _copied(props, key) for key in props if key != "__defaults"}


def _copied(holder: Any, key: Any) -> Any:
    try:
        value = holder[key]
    except UnknownValueError:
        return NOT_YET
    if isinstance(value, Mapping):
        return _seen(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_copied(value, number) for number in range(len(value))]
    return value


def serve() -> None:
    """Serve the pack until Pulumi ends it."""
    workspace = Workspace.here()
    pack = Pack(load(workspace.inventory), workspace.inventory)
    PolicyPack("govcloud", enforcement_level=EnforcementLevel.MANDATORY, policies=[*pack.policies()])
