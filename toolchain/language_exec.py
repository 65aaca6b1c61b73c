"""Runs one Pulumi program: the child process of `toolchain.language_host`.

The host hands over what the engine asked for as JSON on standard input: configuration may hold decrypted secrets, and
arguments and environment of a process can be read by others and are inherited by whatever the program starts.

The working directory is the program's (`main: stacks/` makes it stacks/), but it must not be on the import path by
itself, or `import program` and `import stacks.program` would be two copies of the same classes; hence the host starts
Python with -P. `runpy` adds the directory while it runs a program given as a directory, as the official host does.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from toolchain.parent import end_with_parent

# The agreed way to tell the host that the user has already seen the reason.
SHOWN_TO_USER = 32

# As the official host does: one resource operation may need several threads (its RPC, its callbacks).
THREADS_PER_OPERATION = 4


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of a program, as the engine asked for it."""

    monitor: str
    engine: str
    project: str
    stack: str
    organization: str
    root_directory: str
    directory: str
    program: str
    arguments: list[str]
    parallel: int
    dry_run: bool
    config: dict[str, str]
    secret_keys: list[str]


def main() -> None:
    """Read the job from standard input and run it."""
    end_with_parent()
    # A program lives for seconds and lets hardly anything go, while each search through all that its tasks hold costs
    # more the more there is: a fifth of the time of a program with 300 resources.
    gc.disable()
    job = Job(**json.load(sys.stdin))
    status = run(job)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that still wait for an answer of a cancelled engine would hold up an orderly exit for ever.
    os._exit(status)


def run(job: Job) -> int:
    """Run the program to its end and return the exit status of the process."""
    import pulumi  # noqa: PLC0415 - a fault in the installation must be reported like one of the program

    _configure(job)
    os.chdir(job.directory)
    sys.argv = [job.program, *job.arguments]
    # A failed program leaves futures behind that nobody will ever look at; asyncio would tell of each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(job.parallel, 1) * THREADS_PER_OPERATION))
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run_program(job.program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except MissingProgramError as error:
        pulumi.log.error(str(error))
        return SHOWN_TO_USER
    except Exception:  # noqa: BLE001 - whatever the program raises is shown to its author
        pulumi.log.error(f"Program failed with an unhandled exception:\n{_users_part(job.program)}")
        return SHOWN_TO_USER
    return 0


class MissingProgramError(Exception):
    """The directory holds no program."""


def _configure(job: Job) -> None:
    from pulumi import runtime  # noqa: PLC0415 - see run

    runtime.set_all_config(job.config, job.secret_keys)
    runtime.configure(
        runtime.Settings(
            monitor=job.monitor,
            engine=job.engine,
            project=job.project,
            stack=job.stack,
            parallel=job.parallel,
            dry_run=job.dry_run,
            organization=job.organization,
            root_directory=job.root_directory,
        )
    )


def _run_program(program: str) -> None:
    path = Path(program)
    if path.is_dir() and not (path / "__main__.py").exists():
        raise MissingProgramError(f"no program: {path.resolve()} holds no __main__.py")
    runpy.run_path(program, run_name="__main__")


def _users_part(program: str) -> str:
    """Return the traceback from the program's first line on, without the frames of the machinery above it."""
    kind, error, trace = sys.exc_info()
    start = Path(program).resolve()
    for position, frame in enumerate(traceback.extract_tb(trace)):
        if Path(frame.filename).resolve() in (start, start / "__main__.py"):
            remaining = len(traceback.extract_tb(trace)) - position
            return "".join(traceback.format_exception(kind, error, trace, limit=-remaining))
    return traceback.format_exc()


if __name__ == "__main__":
    main()
