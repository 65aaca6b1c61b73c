"""The command line: one noun per room, found through entry points, so that this module imports no room."""

from __future__ import annotations

import importlib.metadata
import sys

import typer

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr


def application(noun: str = "") -> typer.Typer:
    """Assemble the command from the entry points of group `govcloud.commands`: with this one, or with all.

    All of them bring most of what the project depends on, which takes more time than many a command.
    """
    app = typer.Typer(
        name="govcloud",
        help="Build, prove and run a city's government cloud.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(lambda: None)  # a single command would otherwise take the place of the group
    commands = importlib.metadata.entry_points(group="govcloud.commands")
    for found in sorted(commands.select(name=noun) or commands, key=lambda one: one.name):
        command = found.load()
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=found.name)
        else:
            app.command(name=found.name)(command)
    return app


def main() -> None:
    """Run one command; what the operator can mend is told without a traceback."""
    try:
        application(*sys.argv[1:2])()
    except GovcloudError as error:
        for message in error.messages:
            print(message, file=sys.stderr)
        sys.exit(error.status)
    except KeyboardInterrupt:
        print(tr("Interrupted; run the same command again to continue."), file=sys.stderr)
        sys.exit(Exit.COULD_NOT_CHECK)
