"""What a city is: zones, address plan, departments, systems, environments (design, section 3)."""
