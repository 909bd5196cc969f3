// Go anywhere by typing: the links of this page's menus, the project's events and properties.
const dialog = document.getElementById("palette");
const field = dialog.querySelector("input");
const list = document.getElementById("palette-list");
const status = dialog.querySelector("[role=status]");
const MOST = 40;
let places = [];
let shown = [];
let current = 0;
let asked = false;

const links = (selector, group) => [...document.querySelectorAll(selector)]
  .map((link) => ({ text: link.textContent.trim(), href: link.href, group }));

const option = ({ text, group }, place) => {
  const made = document.createElement("li");
  const name = document.createElement("span");
  const kind = document.createElement("span");
  made.id = `palette-${place}`;
  made.setAttribute("role", "option");
  name.className = "clip";
  name.textContent = text;
  kind.className = "muted";
  kind.textContent = group;
  made.append(name, " ", kind);
  return made;
};

const mark = (place) => {
  current = place;
  for (const [at, line] of [...list.children].entries()) line.setAttribute("aria-selected", String(at === place));
  const line = list.children[place];
  if (line) field.setAttribute("aria-activedescendant", line.id);
  else field.removeAttribute("aria-activedescendant");
  line?.scrollIntoView({ block: "nearest" });
};

const draw = () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = places.filter(({ text, group }) => words.every((word) => `${text} ${group}`.toLowerCase().includes(word)));
  // What begins with the words comes first; the order is the menus' otherwise.
  const begins = ({ text }) => words.length > 0 && text.toLowerCase().startsWith(words[0]);
  shown = [...fits.filter(begins), ...fits.filter((one) => !begins(one))].slice(0, MOST);
  list.replaceChildren(...shown.map(option));
  status.textContent = shown.length ? `${fits.length} found` : "Nothing is called so";
  mark(0);
};

async function more() {
  if (asked) return;
  asked = true;
  try {
    const answer = await fetch(dialog.dataset.source, { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    places.push(...await answer.json());
    if (dialog.open) draw();
  } catch {
    asked = false; // the pages are there all the same; the next opening asks again
  }
}

const open = () => {
  if (dialog.open || document.querySelector("dialog[open]")) return;
  if (!places.length) {
    places = [
      ...links(".sidebar .nav a, .sidebar .foot a", "Page"),
      ...links(".sidebar .switcher .menu-body a", "Project"),
    ];
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  field.value = "";
  dialog.showModal();
  draw();
  more();
};

const go = (place) => {
  if (!shown[place]) return;
  dialog.close();
  location.assign(shown[place].href);
};

const MOVES = { ArrowDown: 1, ArrowUp: -1 };
field.addEventListener("input", draw);
field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter") go(current);
  else if (event.key in MOVES && shown.length) mark((current + MOVES[event.key] + shown.length) % shown.length);
  else return;
  event.preventDefault();
});
list.addEventListener("click", (event) => {
  const line = event.target.closest("[role=option]");
  if (line) go([...list.children].indexOf(line));
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
document.addEventListener("click", (event) => { if (event.target.closest("[data-palette]")) open(); });
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (dialog.open) dialog.close();
  else open();
});
