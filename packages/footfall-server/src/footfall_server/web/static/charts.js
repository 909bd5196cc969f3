// Renders every figure[data-chart] from the Vega-Lite spec in its script element.
// Strings that start with "@" are token names: "@series-1" is var(--series-1), so a chart follows
// the theme, and is light on paper, without being drawn again.
// The same substitution runs in Python for PNG and SVG export, with values.
const token = (name) => `var(--${name})`;

// Where data stand, and where names that came with the data do: "@scope/package" is no token.
const data = ["values", "datasets"];
const names = ["domain", "sort", "title", "text", "subtitle"];
const isData = (key, value) =>
  data.includes(key) || (names.includes(key) && (typeof value !== "object" || Array.isArray(value)));

const resolve = (node) => {
  if (typeof node === "string") return node[0] === "@" ? token(node.slice(1)) : node;
  if (Array.isArray(node)) return node.map(resolve);
  if (node && typeof node === "object") {
    const out = {};
    for (const key in node) out[key] = isData(key, node[key]) ? node[key] : resolve(node[key]);
    return out;
  }
  return node;
};

const theme = () => {
  // Text is measured with it, so it is a value.
  const font = getComputedStyle(document.documentElement).getPropertyValue("--font").trim().replace(/\s+/g, " ");
  return {
    background: null,
    padding: { left: 0, right: 4, top: 6, bottom: 4 },
    font,
    view: { stroke: null },
    axis: {
      labelFont: font, titleFont: font, labelFontSize: 11, labelColor: token("text-3"),
      title: null, domain: false, ticks: false, labelPadding: 8,
      gridColor: token("line"), gridWidth: 1,
    },
    axisX: { grid: false, labelFlush: true, labelSeparation: 12, labelOverlap: "greedy", domain: true, domainColor: token("line-strong") },
    axisY: { tickCount: 4, minExtent: 34, labelLimit: 110 },
    legend: { disable: true, labelFont: font, labelFontSize: 11, labelColor: token("text-2") },
    line: { strokeWidth: 1.75, strokeCap: "round", strokeJoin: "round" },
    bar: { cornerRadiusEnd: 2 },
    rule: { stroke: token("line-strong") },
    text: { font, fontSize: 11, fill: token("text-3") },
    range: { category: [1, 2, 3, 4, 5, 6].map((i) => token("series-" + i)) },
  };
};

// The library is preloaded by the page but evaluated only after first paint.
const pause = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
let library;
const load = () => (library ??= pause().then(() => import(document.getElementById("vega").href)).then(pause));

const options = {
  actions: false, renderer: "svg", ast: true, defaultStyle: false,
  tooltip: { disableDefaultStyle: true, offsetX: 12, offsetY: 12 },
};

async function draw(figure) {
  if (!figure.isConnected) return;
  const target = figure.querySelector(".chart-plot");
  const source = figure.querySelector('script[type="application/json"]');
  try {
    await load();
    const spec = { width: "container", autosize: { type: "fit", contains: "padding" }, ...resolve(JSON.parse(source.textContent)) };
    figure.view?.finalize();
    const result = await window.vegaEmbed(target, spec, { ...options, config: theme() });
    figure.view = result.view;
    // The plot is announced once through its label; the data is in the table below.
    target.querySelector("svg")?.setAttribute("aria-hidden", "true");
    figure.dataset.state = "ready";
  } catch (error) {
    figure.dataset.state = "error";
    target.textContent = "This chart could not be drawn. The data table below is complete.";
    console.error(error);
  }
}

let figures = [];

// One chart at a time, with a frame between, so that input is never blocked for long.
let queue = Promise.resolve();
const enqueue = (figure) => { queue = queue.then(() => draw(figure)).then(pause); };
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    enqueue(entry.target);
  }
}, { rootMargin: "300px" });

// The figures of the page as it is now; those that a new view replaced are let go.
const collect = () => {
  for (const figure of figures) {
    if (figure.isConnected) continue;
    seen.unobserve(figure);
    figure.view?.finalize();
  }
  const found = [...document.querySelectorAll("figure[data-chart]")];
  found.filter((figure) => !figures.includes(figure)).forEach((figure) => seen.observe(figure));
  figures = found;
};
collect();
document.addEventListener("htmx:afterSettle", collect);
