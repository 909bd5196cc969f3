// mixpanel, unmodified: 300 events in batches, 100 alone, imports, and changes of profiles.
const { promisify } = require("util");
const Mixpanel = require("mixpanel");

const [url, token] = process.argv.slice(2);
const quiet = Object.fromEntries(
  ["trace", "debug", "info", "warn", "error"].map((name) => [name, () => {}]),
);
const client = Mixpanel.init(token, {
  host: new URL(url).host,
  path: new URL(url).pathname.replace(/\/$/, ""),
  protocol: "http",
  key: "unused",
  logger: quiet,
});
const event = (i) => ({
  event: `event ${i % 7}`,
  // The letters make base64 with + and / in it.
  properties: { distinct_id: `install-${i % 20}`, i, text: "~~>>??ÿÿ~~", time: new Date() },
});
const range = (from, to) => Array.from({ length: to - from }, (_, i) => event(from + i));

async function main() {
  await promisify(client.track_batch)(range(0, 300));
  for (const { event: name, properties } of range(300, 400)) {
    await promisify(client.track)(name, properties);
  }
  await promisify(client.import_batch)(range(400, 499));
  const last = event(499);
  await promisify(client.import)(last.event, new Date(), last.properties);
  await promisify(client.people.set.bind(client.people))("install-1", { plan: "free" });
  await promisify(client.groups.set.bind(client.groups))("company", "group-1", { size: 3 });
  await promisify(client.alias)("install-1", "install-0");
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
