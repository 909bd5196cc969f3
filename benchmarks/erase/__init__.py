"""Erasing: from the request to proven absence, and what queries feel of it meanwhile."""
