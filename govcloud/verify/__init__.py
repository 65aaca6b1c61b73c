"""`govcloud verify`: the running city is asked whether it is what the inventory says."""
