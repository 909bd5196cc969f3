"""NannyML's adapter, not built yet: NannyML as it is needs only its client's host changed."""
