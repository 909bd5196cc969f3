// posthog-node, unmodified: 500 captures and one of each other kind.
const { PostHog } = require("posthog-node");

const [url, writeKey] = process.argv.slice(2);
const errors = [];
const client = new PostHog(writeKey, { host: url, flushAt: 50 });
client.on("error", (error) => errors.push(String(error)));
for (let i = 0; i < 500; i++) {
  client.capture({
    distinctId: `install-${i % 20}`,
    event: `event ${i % 7}`,
    properties: { i },
  });
}
client.identify({ distinctId: "install-1", properties: { plan: "free" } });
client.alias({ distinctId: "install-1", alias: "install-0" });
client.groupIdentify({ groupType: "company", groupKey: "group-1", properties: { size: 3 } });
client.shutdown(30000).then(() => {
  if (errors.length) throw new Error(errors.join("; "));
});
