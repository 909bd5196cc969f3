// @segment/analytics-node, unmodified: 500 tracks and one of each other kind.
const { Analytics } = require("@segment/analytics-node");

const [url, writeKey] = process.argv.slice(2);
const client = new Analytics({ writeKey, host: url, maxEventsInBatch: 50 });
const errors = [];
client.on("error", (error) => errors.push(error));
for (let i = 0; i < 500; i++) {
  client.track({ userId: `install-${i % 20}`, event: `event ${i % 7}`, properties: { i } });
}
client.identify({ userId: "install-1", traits: { plan: "free" } });
client.group({ userId: "install-1", groupId: "group-1", traits: { size: 3 } });
client.page({ userId: "install-1", name: "start" });
client.screen({ userId: "install-1", name: "start" });
client.alias({ userId: "install-1", previousId: "install-0" });
client.closeAndFlush({ timeout: 30000 }).then(() => {
  if (errors.length) throw new Error(JSON.stringify(errors));
});
