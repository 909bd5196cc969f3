"""What more events cost: at the door, on disk, and to ask of."""
