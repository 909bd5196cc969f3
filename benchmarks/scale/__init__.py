"""What an event costs on disk, and a question for each million of them."""
