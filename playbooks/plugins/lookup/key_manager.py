"""Reads a secret of the cloud's key manager into the play's memory; nothing is written anywhere."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from govcloud.core.errors import GovcloudError
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file

DOCUMENTATION = """
name: key_manager
short_description: Reads secrets of the cloud's key manager
description:
  - Signs in with an access of clouds.yaml and returns the payload of each secret. Use it with C(no_log).
options:
  _terms:
    description: References of secrets, as the stacks report them.
    required: true
  cloud:
    description: Name of the access in clouds.yaml.
    type: str
    required: true
"""

RETURN = """
_raw:
  description: Payloads, in the order of the references.
  type: list
  elements: str
"""


class LookupModule(LookupBase):  # type: ignore[misc]
    """`lookup('key_manager', reference, cloud='lab-approval')`."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: str) -> list[str]:
        """Return the payload of each reference."""
        self.set_options(var_options=variables, direct=kwargs)
        try:
            with clouds_file.connect(Workspace.here(), self.get_option("cloud")) as cloud:
                manager: Any = cloud.key_manager
                return [str(manager.get_secret(reference.rsplit("/", 1)[-1]).payload) for reference in terms]
        except GovcloudError as error:
            raise AnsibleError("; ".join(error.messages)) from None
