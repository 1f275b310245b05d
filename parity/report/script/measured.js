// What the views of precision and timing share: addresses, heads, choices, scales and figures.

// A line in the view of a case for each view that says more of it.
function measuredLine(id, measured = []) {
  if (!measured.length) return "";
  return el("ul", { class: "measured" }, measured.map(([view, said]) => el("li", {}, el("a", { href: hashOf({ view, case: id }) }, view), " ", el("span", {}, said ?? ""))));
}

// The figures themselves, of each precision and of the usual batch and threads.
async function measuredFigures(id, measured, width) {
  const found = [];
  for (const [view] of measured) {
    const data = await dataOf(`${view}-data`);
    const chosen = data.cases.find((c) => c.id === id);
    if (view === "precision" && chosen?.rows.length) found.push(lossesTable(chosen.rows, data));
    if (view === "timing" && chosen) {
      const rows = usualRows(chosen);
      const plot = await ratioPlot(byEngine(rows), unique(data.cases.flatMap((c) => c.rows.map((r) => r.engine))).sort(), labelOf(data.several), width);
      if (plot) found.push(el("p", { class: "lead" }, "Times as fast as the baseline, with the interval."), el("div", { class: "plotting" }, plot));
    }
  }
  return found;
}

// A row for each target, a column for each precision.
function lossesTable(rows, { precisions, several }) {
  const name = (r) => `${r.engine}${several ? ` ${r.environment ?? ""}` : ""}`;
  const there = precisions.filter(([p]) => rows.some((r) => r.precision === p));
  const cell = (r) => number(r?.outputs ? figure(r.rel_l2, 2) : r ? "–" : "", { title: r && lossTitle(r), class: r?.nonfinite || (r?.verdict && !r.ok) ? "failed" : "" });
  const body = [...new Set(rows.map(name))].map((n) => [el("th", { scope: "row" }, n), ...there.map(([p]) => cell(rows.find((r) => name(r) === n && r.precision === p)))]);
  return el("div", {}, el("p", { class: "lead" }, "Relative L2 error of the worst output against float64."), table(["target", ...there.map(([, said]) => numberHead(said))], body, { class: "narrow" }));
}

// 70.1 MB; units of 1,000, as files are measured.
function sizeText(value) {
  const x = toNumber(value);
  if (x === null) return "–";
  if (x === 0) return "0";
  for (const [unit, name] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
    if (x >= 0.9995 * unit) return `${(x / unit).toFixed(x < 9.995 * unit ? 2 : x < 99.95 * unit ? 1 : 0)} ${name}`;
  }
  return `${x.toLocaleString("en")} bytes`;
}

// Three digits in the unit that suits them.
function timeText(value) {
  const x = toNumber(value);
  if (x === null || !Number.isFinite(x)) return "–";
  if (x === 0) return "0";
  for (const [unit, name] of [[1, "s"], [1e-3, "ms"], [1e-6, "µs"]]) if (x >= 0.9995 * unit) return `${figure(x / unit)} ${name}`;
  return `${figure(x * 1e9)} ns`;
}

// 1.2 billion a second, as prefixes.
function rateText(value, unit) {
  const x = toNumber(value);
  if (x === null || !Number.isFinite(x)) return "–";
  for (const [size, prefix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) if (x >= size) return `${figure(x / size)} ${prefix}${unit}`;
  return `${figure(x)} ${unit}`;
}

// Links of which one is chosen.
function choices(label, items) {
  if (items.length < 2) return "";
  return el("ul", { class: "counts choices", "aria-label": label }, items.map(({ text, href, chosen, note }) => el("li", {}, el("a", { href, "aria-current": chosen ? "true" : null }, text, note && el("span", { class: "muted" }, ` ${note}`)))));
}

function answerBox(title, said) {
  const [first, ...rest] = said;
  return el("div", { class: "answer" }, el("h1", {}, first ?? title), rest.map((line) => el("p", {}, line)));
}

// Head of the view of one case: back, the same case's verdicts, its neighbours.
function measuredHead(view, cases, chosen, known, said) {
  const at = cases.indexOf(chosen);
  const step = (to, text, key) => (cases[to] ? el("a", { href: hashOf({ view, case: cases[to].id }), title: `${cases[to].id} (${key})`, "data-key": key }, text) : el("span", { class: "muted" }, text));
  const { folder, name, variant } = splitId(chosen.id);
  return [
    cases.length > 1 && el("nav", { class: "crumbs", "aria-label": "cases" }, el("a", { href: `#${view}`, "data-key": "Escape" }, `← ${view} of all cases`), el("span", {}, step(at - 1, "‹ previous", "p"), step(at + 1, "next ›", "n"))),
    el("header", { class: "title" },
      el("h2", {}, el("span", { class: "folder" }, folder), name, variant && el("span", { class: "variant" }, el("wbr"), `[${variant}]`)),
      el("p", {}, known ? el("a", { href: caseHash(chosen.id) }, "its verdicts") : "")),
    said.length > 0 && el("div", { class: "box fine story" }, el("h3", {}, said[0]), said.slice(1).map((line) => el("p", {}, line))),
  ];
}

// Looks the same in every plot of these views.
const plotStyle = (width, label, description = "The figures are in the table.") => ({ width, style: { background: "none", fontSize: "12px", fontFamily: "inherit" }, ariaLabel: label, ariaDescription: description });
const widthOf = (place) => Math.max(480, Math.min(1160, place.clientWidth || 1100));
// The same colour and symbol for an engine in every plot; only those that a plot shows stand in its legend.
const scaleOf = (at) => (all, extra = {}, rows = null) => {
  const domain = all.filter((name) => !rows || rows.some((r) => r.engine === name));
  return { domain, range: domain.map((name) => at(all.indexOf(name))), ...extra };
};
const colourScale = scaleOf(colourAt);
const symbolScale = scaleOf(symbolAt);
const nameMargin = (names, most = 300) => Math.min(most, 24 + Math.max(0, ...names.map((n) => n.length)) * 7.2);

// Decades around positive finite values; what a log scale cannot show stands at its ends.
function logScale(values, { low = Infinity, high = 0 } = {}) {
  const there = values.filter((v) => v !== null && v > 0 && Number.isFinite(v));
  const least = Math.min(low, ...there);
  const most = Math.max(high, ...there);
  if (!Number.isFinite(least) || most <= 0) return { domain: [1e-8, 1], ticks: [1e-8, 1] };
  const from = Math.floor(Math.log10(least) + 1e-9);
  const to = Math.max(from + 1, Math.ceil(Math.log10(most) - 1e-9));
  const every = Math.ceil((to - from) / 8);
  const ticks = [];
  for (let power = from; power <= to; power += every) ticks.push(Number(`1e${power}`));
  return { domain: [Number(`1e${from}`), Number(`1e${to}`)], ticks };
}

// Between the ends of a scale: 0 at the low one, infinite and NaN at the high one.
const onScale = (value, [low, high]) => (value === null || Number.isNaN(value) ? high : Math.min(high, Math.max(low, value)));
const odd = (value) => value === null || Number.isNaN(value) || value === Infinity;

// Base class: opens the data, chooses the case, and lets the later of two calls win.
class MeasuredView {
  constructor(index, place, view) {
    Object.assign(this, { index, place, view, turn: 0 });
  }

  async show(state) {
    const turn = ++this.turn;
    this.data ??= await dataOf(`${this.view}-data`);
    const { cases } = this.data;
    const chosen = state.case ? cases.find((c) => c.id === state.case) : cases.length === 1 ? cases[0] : null;
    const content = chosen ? await this.one(chosen, state) : await this.all();
    if (turn !== this.turn) return; // another was opened meanwhile
    const lost = state.case && !chosen && el("p", { class: "box bad" }, `These results have no ${this.view} of a case called ${state.case}.`);
    this.place.replaceChildren(...[lost, content].flat(Infinity).filter(Boolean));
    document.documentElement.dataset.view = chosen ? `${this.view} ${chosen.id}` : this.view;
  }

  head(chosen, said) {
    return measuredHead(this.view, this.data.cases, chosen, this.index.byId.has(chosen.id), said);
  }
}
