"""The rooms shared by all: models, located YAML, contracts, and the command line."""
