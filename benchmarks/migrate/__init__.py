"""Moving a store to another place, killed in the midst."""
