"""The SDK beside its peers: call, import, exit, loss, children, CPU; each against a floor."""
