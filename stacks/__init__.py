"""The Pulumi program: the inventory as resources."""
