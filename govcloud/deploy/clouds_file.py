"""The file with the accesses to the clouds; the administrator's is the operator's own, the departments' are ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openstack
import openstack.config
import yaml
from keystoneauth1.exceptions.base import ClientException
from keystoneauth1.exceptions.http import HttpError
from openstack.exceptions import SDKException

from govcloud.core.cache import locked
from govcloud.core.environment import patience
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.workspace import Workspace

_ANSWER_SECONDS = 120


def entry(workspace: Workspace, cloud: str) -> dict[str, Any] | None:
    """Return one entry, or None."""
    found = _clouds(workspace.clouds_yaml).get(cloud)
    return found if isinstance(found, dict) else None


def names(workspace: Workspace) -> list[str]:
    """Return the names of all entries."""
    return sorted(_clouds(workspace.clouds_yaml))


def put(workspace: Workspace, cloud: str, new: dict[str, Any]) -> None:
    """Write one entry and leave the others as they are."""
    _change(workspace, lambda clouds: {**clouds, cloud: new})


def remove(workspace: Workspace, cloud: str) -> None:
    """Take one entry out."""
    _change(workspace, lambda clouds: {name: one for name, one in clouds.items() if name != cloud})


def _change(workspace: Workspace, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    with locked(workspace.lab / "clouds.lock"):
        clouds = change(_clouds(workspace.clouds_yaml))
        text = yaml.safe_dump({"clouds": clouds}, allow_unicode=True, sort_keys=False)
        write_atomically(workspace.clouds_yaml, text, mode=0o600)


def connect(workspace: Workspace, cloud: str) -> openstack.connection.Connection:
    """Connect with an entry's access; the caller's environment plays no part."""
    if entry(workspace, cloud) is None:
        message = tr(
            "{file} has no cloud {cloud}. Fix: start the lab (`make up`)", file=workspace.clouds_yaml, cloud=cloud
        )
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
    config = openstack.config.OpenStackConfig(config_files=[str(workspace.clouds_yaml)], load_envvars=False)
    return _connection(config, {"cloud": cloud})


def connect_as(access: Mapping[str, Any]) -> openstack.connection.Connection:
    """Connect with an access that stands in no file; the caller's environment plays no part."""
    return _connection(openstack.config.OpenStackConfig(load_yaml_config=False, load_envvars=False), access)


def _connection(config: openstack.config.OpenStackConfig, access: Mapping[str, Any]) -> openstack.connection.Connection:
    # Without a limit a service that takes a call and never answers would hold us for ever.
    options = {**access, "api_timeout": patience(_ANSWER_SECONDS)}
    return openstack.connection.Connection(config=config.get_one(**options))


def roles_of(connection: openstack.connection.Connection) -> list[str]:
    """Return the roles that a connection has where it has been opened."""
    session: Any = connection.session
    return [*session.auth.get_access(session).role_names]


def said(error: SDKException | ClientException) -> str:
    """Return what a cloud answered to a request of ours, with the request as far as it is known."""
    call = f" ({error.method} {error.url})" if isinstance(error, HttpError) else ""
    return tr("the cloud says: {error}", error=f"{error}{call}")


def _clouds(file: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    return dict(loaded["clouds"]) if isinstance(loaded, dict) and isinstance(loaded.get("clouds"), dict) else {}
