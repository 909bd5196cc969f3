// Follows what arrives. Rows are made of text nodes only: names and values are never read as HTML.
const rows = document.getElementById("live-rows");
const none = document.getElementById("live-none");
const state = document.getElementById("live-state");
const count = document.getElementById("live-count");
const pause = document.getElementById("live-pause");
const MOST = 200;
let waiting = [];
let paused = false;
let arrived = 0;
let refused = 0;
let left = 0;

const cell = (tag, text, name = "") => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
};
const badge = (text, name) => {
  const holder = document.createElement("td");
  holder.append(cell("span", text, `badge ${name}`));
  return holder;
};
const time = (text) => new Date(text).toLocaleTimeString([], { hour12: false });

const made = (row) => {
  const line = document.createElement("tr");
  const taken = row.status === "accepted";
  const name = cell("th", row.event ?? "–");
  name.scope = "row";
  line.className = rows.children.length ? "fresh" : ""; // what was there at first isn't new
  line.append(
    cell("td", time(row.received_at), "t"),
    name,
    taken ? (row.warning ? badge(`taken, ${row.warning}`, "warn") : badge("taken", "good")) : badge(row.reason, "bad"),
    cell("td", (row.install ?? "").slice(0, 8), "mono"),
    cell("td", taken ? JSON.stringify(row.properties) : `${row.message} ${row.body}`, "props"),
  );
  line.title = taken ? "" : row.message;
  return line;
};

const say = (text, name) => {
  state.className = `badge ${name}`;
  state.lastChild.textContent = text;
};

const source = new EventSource(rows.dataset.source.replace("status=&", "").replace(/[?&]event=$/, ""));
const take = (event) => {
  const row = JSON.parse(event.data);
  arrived += 1;
  if (row.status === "rejected") refused += 1;
  waiting.push(row);
  if (waiting.length > MOST) left += waiting.splice(0, waiting.length - MOST).length;
};
source.addEventListener("accepted", take);
source.addEventListener("rejected", take);
source.addEventListener("dropped", (event) => { left += JSON.parse(event.data).count; });
source.addEventListener("end", () => { source.close(); say("The server stopped", "bad"); });
source.addEventListener("open", () => say("Connected", "good"));
source.addEventListener("error", () => say("Connecting again", "warn"));

// At most four updates a second.
setInterval(() => {
  if (paused || !waiting.length) return;
  const fresh = waiting.map(made).reverse();
  waiting = [];
  for (const line of rows.querySelectorAll(".fresh")) line.classList.remove("fresh");
  rows.prepend(...fresh);
  while (rows.children.length > MOST) rows.lastChild.remove();
  none.hidden = true;
}, 250);
setInterval(() => {
  count.textContent = `${arrived} shown since the page was opened, ${refused} refused${left ? `, ${left} left out` : ""}`;
}, 10000);

pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.querySelector("span").textContent = paused ? "Go on" : "Pause";
});
addEventListener("pagehide", () => source.close());
