// Small progressive touches. Every page works without this file.
const doc = document.documentElement;
const dark = () => doc.dataset.theme ? doc.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
const store = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* not remembered */ } },
};

const toggleTheme = () => {
  doc.dataset.theme = dark() ? "light" : "dark";
  store.set("theme", doc.dataset.theme);
};

async function copy(button) {
  const label = button.querySelector("span");
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.innerText.trimEnd());
    label.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    label.textContent = "Selected: copy it now";
  }
  setTimeout(() => { label.textContent = "Copy"; }, 1600);
}

const keys = document.getElementById("keys");
const keysOn = () => store.get("keys") !== "off";
const showKeys = () => {
  keys.querySelector("[data-keys-toggle]").checked = keysOn();
  keys.showModal();
};
keys.addEventListener("change", (event) => store.set("keys", event.target.checked ? "on" : "off"));

// One menu open at a time.
document.addEventListener("click", (event) => {
  const { target } = event;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
  const button = target.closest("button");
  if (!button) return;
  if (button.matches("[data-theme-toggle]")) toggleTheme();
  if (button.matches("[data-keys]")) showKeys();
  if (button.matches("[data-copy]")) copy(button);
});

document.addEventListener("keydown", (event) => {
  if (keys.open) return;
  if (event.key === "Escape") {
    // Closes and returns focus.
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    return;
  }
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || !keysOn() || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.key === "?") return showKeys();
  if (event.key === "t") return toggleTheme();
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target || !event.key) return;
  event.preventDefault();
  target.focus();
  target.click();
});

// A view is put in place of the last one, an error too; any other answer is opened as a page.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { boosted, xhr } = event.detail;
  if (!boosted) return;
  const view = xhr.responseText.includes('id="view"');
  event.detail.shouldSwap = view;
  event.detail.isError = false;
  if (!view) location.assign(xhr.responseURL);
});
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.boosted) location.assign(event.detail.pathInfo.finalRequestPath);
});

// The menu that was chosen from has the focus again, and now says what was chosen.
let chosen;
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  chosen = detail.elt.closest("details.menu")?.querySelector("summary").id;
});
document.addEventListener("htmx:afterSettle", () => {
  if (chosen) document.getElementById(chosen)?.focus({ preventScroll: true });
  chosen = undefined;
});
