"""What every room may import: workspace paths, the cache, progress, models, contracts."""
