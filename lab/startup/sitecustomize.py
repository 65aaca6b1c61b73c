"""What every Python process of the lab begins with (`PYTHONPATH` of the supervisor, in `init.sh`).

The services make many short-lived objects for a request and keep few. Python's own limits let its collector look
through all that a service has loaded again and again: a tenth of the processor time of a port's life in neutron.
"""

import gc

gc.set_threshold(50_000, 50, 100)
