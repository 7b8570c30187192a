"""Operating deflection shapes and mode shapes."""
