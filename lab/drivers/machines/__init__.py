"""Virtual machines of the lab: nova's own libvirt driver beside the driver of the containers, in the same nova-compute.

`guests.py` is nova's driver with what this lab's switch and volumes need, `driver.py` gives each server to the one of
the two that it belongs to. Nova finds the package as `nova.virt.machines`.
"""
