"""Examples that run; each folder is one library that uses Footfall."""
