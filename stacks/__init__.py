"""The Pulumi program: foundation, departments, systems and platforms of the city."""
