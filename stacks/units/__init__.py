"""One builder per kind of unit: which components it consists of, and what it exports."""
