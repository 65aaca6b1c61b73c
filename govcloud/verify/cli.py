"""`govcloud verify`: one command for each thing that can be proved of the running city."""

from __future__ import annotations

import typer

from govcloud.verify import reach_cli
from govcloud.verify.function import cli as function_cli

app = typer.Typer(
    help="Prove the running city: who reaches whom, and that its cloud does what it is for.", no_args_is_help=True
)
app.command("reach")(reach_cli.reach)
app.command("function")(function_cli.function)


@app.callback()
def verify() -> None:
    """Prove the running city: who reaches whom, and that its cloud does what it is for."""
