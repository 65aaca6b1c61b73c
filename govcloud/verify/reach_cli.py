"""`govcloud verify reach`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from govcloud.core.language import tr
from govcloud.core.model.inventory import load
from govcloud.core.model.results import Verdict
from govcloud.core.workspace import Workspace
from govcloud.verify import page
from govcloud.verify.city import Endpoint
from govcloud.verify.reach import FOUND, Report, Wish, folder, record, run
from govcloud.verify.records import Finding

_MOST_TOLD = 60


def reach(
    units: Annotated[
        list[str] | None, typer.Argument(metavar="[UNIT]...", help="Only paths from or to these units.")
    ] = None,
    env: Annotated[str, typer.Option("--env", help="Environment of the inventory.")] = "lab",
    outside: Annotated[
        str,
        typer.Option(
            "--outside", metavar="COMMAND", help="Gives a shell on the internet side, such as `ssh probe@host`."
        ),
    ] = "",
    outside_address: Annotated[
        list[str] | None, typer.Option("--outside-address", help="An address that probes from there come from.")
    ] = None,
    province: Annotated[
        str,
        typer.Option("--province", metavar="COMMAND", help="Gives a shell at the province's end of the uplink."),
    ] = "",
    json_: Annotated[bool, typer.Option("--json", help="Print every path as JSON.")] = False,
) -> None:
    """Knock at every door of the city from everywhere, and compare what opens with zones and access lists.

    Exit 0 when every path is as the inventory says, 1 when one is not, 3 when some could not be looked at.

    Example: govcloud verify reach
    """
    workspace = Workspace.here()
    inventory = load(workspace.inventory)
    wish = Wish(
        inventory=inventory,
        environment=inventory.environment(env),
        units=units or [],
        outside=outside,
        outside_addresses=outside_address or [],
        province=province,
    )
    report = run(workspace, wish)
    picture = folder(workspace, wish.environment) / "index.html"
    page.write(picture, inventory, wish.environment, report)
    if json_:
        told = {"paths": [record(one) for one in report.findings], "summary": report.summary}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    tell(report)
    print(picture.relative_to(workspace.root), file=sys.stderr)
    raise typer.Exit(report.status)


def tell(report: Report) -> None:
    """Tell the operator what was found, alike findings as one line."""
    lines = list(dict.fromkeys(_lines(report.findings, report.ends)))
    for line in (*lines[:_MOST_TOLD], *report.could_not_look):
        print(line, file=sys.stderr)
    if len(lines) > _MOST_TOLD:
        print(tr("and {number} more, see the picture", number=len(lines) - _MOST_TOLD), file=sys.stderr)
    if not report.as_public:
        print(
            tr("Asked as an operator only. As the public: --outside COMMAND --outside-address ADDRESS"), file=sys.stderr
        )
    if report.unasked:
        print(tr("Nobody asked from the province. From there: --province COMMAND"), file=sys.stderr)
    count = report.summary
    numbers = ", ".join(f"{count[verdict]} {verdict}" for verdict in Verdict if count[verdict])
    told = tr(
        "{paths} paths in {seconds} s: {numbers}", paths=count["paths"], seconds=count["seconds"], numbers=numbers
    )
    print(told, file=sys.stderr)


def _lines(findings: Sequence[Finding], ends: Sequence[Endpoint]) -> Iterator[str]:
    """Yield what is wrong, one line for all servers of a tier and both versions of IP; then what nobody could say."""
    groups = {one.name: one.group for one in ends}
    together: dict[tuple[str, ...], list[Finding]] = {}
    untold: Counter[str] = Counter()
    for one in findings:
        result = one.result
        if result.verdict in FOUND:
            ways = (groups.get(result.source, result.source), groups.get(result.to, result.to))
            service = (result.protocol, str(result.port or ""))
            together.setdefault((result.line, result.verdict.value, *ways, *service), []).append(one)
        elif result.verdict is Verdict.NOT_TESTED:
            untold[result.reason] += 1
    for (line, verdict, source, target, protocol, port), alike in sorted(together.items()):
        versions = "/".join(f"IPv{family}" for family in sorted({one.result.family for one in alike}))
        way = " ".join(part for part in (source, ">", target, protocol, port, versions) if part)
        yield f"{line}: {verdict}: {way}: {alike[0].result.reason}"
    for reason, number in untold.most_common():
        yield f"{Verdict.NOT_TESTED}: {number} × {reason}"
