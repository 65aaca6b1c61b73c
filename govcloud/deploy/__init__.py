"""Making the cloud what the inventory says: units in their order, each with its own access, by the real `pulumi`."""
