"""rudder-sdk-python, unmodified: 500 tracks and one of each other kind."""

import sys

import rudderstack.analytics as analytics

errors = []
analytics.dataPlaneUrl = analytics.host = sys.argv[1]
analytics.write_key = sys.argv[2]
analytics.max_queue_size = 10_000
analytics.on_error = lambda error, batch: errors.append(error)
for i in range(500):
    analytics.track(f"install-{i % 20}", f"event {i % 7}", {"i": i})
analytics.identify("install-1", {"plan": "free"})
analytics.group("install-1", "group-1", {"size": 3})
analytics.page("install-1", "docs", "start")
analytics.screen("install-1", "docs", "start")
analytics.alias("install-0", "install-1")
analytics.flush()
analytics.shutdown()
assert not errors, errors
