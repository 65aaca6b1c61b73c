"""A peer to be measured against: OpenTofu with the same provider, given the same topology."""
