"""The city on one machine: a real OpenStack, its guests, and what stands around them."""
