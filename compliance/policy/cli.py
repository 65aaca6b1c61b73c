"""`govcloud policy`: judge saved plans and exported states by the rules that Pulumi runs while it plans."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from compliance.policy.city import City
from compliance.policy.judging import Finding, findings, rules
from compliance.policy.records import Stack, read
from govcloud.core.errors import Exit
from govcloud.core.language import tr
from govcloud.core.model.inventory import load
from govcloud.core.model.results import Result, Verdict
from govcloud.core.workspace import Workspace

app = typer.Typer(help="The rules for plans: list them, judge saved plans and exported states.", no_args_is_help=True)


@app.command(epilog="Example: pulumi preview -s lab-approval --save-plan plan.json; govcloud policy check plan.json")
def check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Saved plans and exported states, in any order; each may have both."),
    ],
    json_: Annotated[bool, typer.Option("--json", help="Print every result as JSON.")] = False,
) -> None:
    """Judge every resource by every rule; nothing is asked of a cloud.

    A plan holds differences only: give the stack's exported state with it, where there is one.

    Exit 0 when nothing breaks a rule, 1 when something does, 3 when something could not be seen.
    """
    inventory = load(Workspace.here().inventory)
    found: list[Finding] = []
    results: list[Result] = []
    for stack in read(files):
        city = City.of(inventory, stack.name, stack.resources)
        judged = list(findings(city, Workspace.here().inventory))
        found += judged
        if json_:
            results += _results(stack, judged)
    if json_:
        print(json.dumps([one.model_dump(mode="json") for one in results], ensure_ascii=False, indent=1))
    for one in found:
        if one.verdict in {Verdict.NONCONFORM, Verdict.NOT_TESTED}:
            typer.echo(f"{one.verdict} {one.rule.key} {one.message}", err=True)
    count = Counter(one.verdict for one in found)
    typer.echo(
        ", ".join(f"{count[verdict]} {verdict}" for verdict in Verdict if count[verdict]) or tr("nothing"), err=True
    )
    raise typer.Exit(_status(found))


@app.command("rules", epilog="Example: govcloud policy rules")
def list_rules(json_: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False) -> None:
    """List every rule with its clauses and the kinds of resources that it looks at."""
    if json_:
        told = [{"rule": one.key, "title": tr(one.title), "clauses": one.clauses, "on": one.on} for one in rules()]
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for one in rules():
        print(f"{one.key:24} {one.clause:24} {tr(one.title)}")


def _results(stack: Stack, found: list[Finding]) -> Iterator[Result]:
    """Yield one record for each rule and resource, and one for each rule that no resource of the stack is for."""
    at = datetime.now(UTC)
    answered = set()
    for one in found:
        answered.add(one.rule.key)
        reason = "" if one.verdict is Verdict.CONFORM else tr("; ").join(one.judgement.reasons)
        yield _result(one.rule.key, one.rule.version, one.resource.urn, at, one.verdict, reason, stack)
    for each in rules():
        if each.key not in answered:
            reason = tr("the stack has no {kinds}", kinds=tr(" or ").join(each.on))
            yield _result(each.key, each.version, stack.name, at, Verdict.NOT_APPLICABLE, reason, stack)


def _result(rule: str, version: int, subject: str, at: datetime, verdict: Verdict, reason: str, stack: Stack) -> Result:
    return Result(
        rule=rule,
        rule_version=version,
        object=subject,
        at=at,
        verdict=verdict,
        reason=reason,
        evidence=stack.file,
        evidence_sha256=stack.sha256,
    )


def _status(found: list[Finding]) -> Exit:
    if any(one.judgement.failed_look for one in found):
        return Exit.COULD_NOT_CHECK
    if any(one.verdict is Verdict.NONCONFORM for one in found):
        return Exit.FINDINGS
    return Exit.DONE
