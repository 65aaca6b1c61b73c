"""Builds the pulumi command and its plugins where no official one is installed."""
