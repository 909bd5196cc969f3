"""The collector's door against a bare application that only decodes."""
