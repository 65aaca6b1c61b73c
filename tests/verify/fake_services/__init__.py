"""The services of the cloud in memory, one module each: which request does what."""

from tests.verify.fake_services import (
    block_storage,
    compute,
    identity,
    image,
    key_manager,
    load_balancer,
    network,
    object_store,
)
from tests.verify.fake_services.routes import answer

# To import a service is to have its routes.
SERVICES = (block_storage, compute, identity, image, key_manager, load_balancer, network, object_store)

__all__ = ["SERVICES", "answer"]
