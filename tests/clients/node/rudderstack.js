// @rudderstack/rudder-sdk-node, unmodified: 500 tracks and one of each other kind.
const Analytics = require("@rudderstack/rudder-sdk-node");

const [url, writeKey] = process.argv.slice(2);
const failed = [];
const client = new Analytics(writeKey, {
  dataPlaneUrl: url,
  flushAt: 50,
  flushInterval: 500,
  errorHandler: (error) => failed.push(String(error)),
});
for (let i = 0; i < 500; i++) {
  client.track({ userId: `install-${i % 20}`, event: `event ${i % 7}`, properties: { i } });
}
client.identify({ userId: "install-1", traits: { plan: "free" } });
client.group({ userId: "install-1", groupId: "group-1", traits: { size: 3 } });
client.page({ userId: "install-1", name: "start" });
client.screen({ userId: "install-1", name: "start" });
client.alias({ userId: "install-1", previousId: "install-0" });
client.flush().then(() => {
  if (failed.length) throw new Error(failed.join("; "));
});
