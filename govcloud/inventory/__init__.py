"""Looking at the inventory: is it right, what does it say, which shapes may its files have."""
