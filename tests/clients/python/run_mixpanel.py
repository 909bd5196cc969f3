"""mixpanel, unmodified: 300 events in batches, 100 alone, imports, and changes of profiles."""

import sys
import time

import mixpanel

url, token = sys.argv[1:3]
urls = {
    "events_url": f"{url}/track",
    "people_url": f"{url}/engage",
    "import_url": f"{url}/import",
    "groups_url": f"{url}/groups",
}
buffered = mixpanel.BufferedConsumer(max_size=50, **urls)
many = mixpanel.Mixpanel(token, buffered)
for i in range(300):
    many.track(f"install-{i % 20}", f"event {i % 7}", {"i": i})
for i in range(400, 500):
    many.import_data(
        "unused", f"install-{i % 20}", f"event {i % 7}", time.time() - 86_400, {"i": i}
    )
buffered.flush()
one = mixpanel.Mixpanel(token, mixpanel.Consumer(**urls))
for i in range(300, 400):
    one.track(f"install-{i % 20}", f"event {i % 7}", {"i": i})
one.people_set("install-1", {"plan": "free", "$ip": "203.0.113.9"})
one.group_set("company", "group-1", {"size": 3})
one.track("install-1", "$create_alias", {"alias": "install-0"})
one.merge("unused", "install-0", "install-1")
