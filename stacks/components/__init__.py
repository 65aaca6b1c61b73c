"""Components: frozen keyword-only arguments in, typed outputs out."""
