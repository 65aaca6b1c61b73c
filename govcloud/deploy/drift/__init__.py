"""What the cloud has and no state knows, what a state knows and the cloud lost, and what was changed behind them."""
