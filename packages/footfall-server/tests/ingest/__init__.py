"""The door, dialect by dialect."""
