"""testinfra controls that judge MLPS level 3."""
