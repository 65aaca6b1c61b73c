"""Images of the city's guests: Debian 12, plain and hardened, built from Debian's packages alone."""
