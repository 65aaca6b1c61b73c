"""What `pulumi` runs: the unit that the stack's name says, and its one export."""

import pulumi

from govcloud.core.errors import GovcloudError
from govcloud.core.model.inventory import load
from govcloud.core.model.outputs import EXPORT
from govcloud.core.workspace import Workspace
from stacks.program import build

workspace = Workspace.here()
try:
    inventory = load(workspace.inventory)
    pulumi.export(EXPORT, build(inventory, pulumi.get_stack(), workspace.root))
except GovcloudError as error:
    for message in error.messages:
        pulumi.log.error(message)
    raise pulumi.RunError("The inventory cannot be built as it is.") from None
