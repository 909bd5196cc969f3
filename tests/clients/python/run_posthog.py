"""posthog, unmodified: 500 captures and one of each other kind."""

import sys

from posthog import Posthog

errors = []
client = Posthog(
    sys.argv[2],
    host=sys.argv[1],
    gzip=sys.argv[3] == "gzip",
    max_queue_size=10_000,
    on_error=lambda error, batch: errors.append(error),
)
for i in range(500):
    client.capture(f"event {i % 7}", distinct_id=f"install-{i % 20}", properties={"i": i})
client.set(distinct_id="install-1", properties={"plan": "free"})
client.set_once(distinct_id="install-1", properties={"first": True})
client.alias("install-0", "install-1")
client.group_identify("company", "group-1", {"size": 3}, distinct_id="install-1")
assert client.get_all_flags("install-1") == {}
client.flush()
client.shutdown()
assert not errors, errors
