"""What Python finds before all else in the lab."""
