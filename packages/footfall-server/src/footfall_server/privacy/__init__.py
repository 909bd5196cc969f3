"""What may be told of people's data, and what is done when they ask."""
