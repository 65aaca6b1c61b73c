"""Makes a fresh machine ready to run this project: tools of the distribution, then the virtual environment.

Run by `make` as `python3 -m toolchain.bootstrap`, before anything else is there; so it uses the standard library only,
and this file is kept readable for every python3, to tell the owner of an old one so. It may be killed and run again at
any moment; when nothing has changed it does nothing.
"""

import sys

OLDEST, TOO_NEW = (3, 11), (3, 14)


def main() -> int:
    """Prepare the machine and return an exit status; each fault is one plain line."""
    version = sys.version_info[:2]
    if not OLDEST <= version < TOO_NEW:
        wanted = "Python {}.{} or later, before {}.{}, is needed".format(*OLDEST, *TOO_NEW)
        return _fail("{}; this is {}.{} (fix: put such a python3 first on PATH)".format(wanted, *version))
    from govcloud.core.errors import GovcloudError  # noqa: PLC0415 - does not parse on an old Python
    from toolchain.machine import prepare  # noqa: PLC0415 - as above

    try:
        prepare()
    except GovcloudError as error:
        return _fail(*error.messages, status=int(error.status))
    except KeyboardInterrupt:
        return _fail("Interrupted; run the same command again to continue.", status=3)
    return 0


def _fail(*messages: str, status: int = 2) -> int:
    for message in messages:
        print(message, file=sys.stderr)  # noqa: T201 - this is a command
    return status


if __name__ == "__main__":
    sys.exit(main())
