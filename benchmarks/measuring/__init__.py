"""Tables of the accuracy of measurement."""
