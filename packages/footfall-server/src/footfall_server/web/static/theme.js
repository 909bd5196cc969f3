// Runs before first paint, so that a stored choice does not flash.
try {
  const stored = localStorage.getItem("theme");
  if (stored === "light" || stored === "dark") document.documentElement.dataset.theme = stored;
} catch { /* storage is switched off: the system's preference holds */ }
document.documentElement.classList.add("js");
