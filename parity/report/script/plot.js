// Error ÷ bound along the depth, one line a column; log scale, the bound at 1.

// Okabe and Ito's palette, which people with any colour vision tell apart; each colour has its symbol too.
const COLOURS = Array.from({ length: 8 }, (_, i) => `var(--series-${i + 1})`);
const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "wye", "times", "plus"];
const FEW = 3;
// The ninth has the first colour again, with another symbol than the first.
const colourAt = (i) => COLOURS[i % COLOURS.length];
const symbolAt = (i) => SYMBOLS[(i + Math.floor(i / COLOURS.length)) % SYMBOLS.length];
const TIP = { fill: "var(--panel)", stroke: "var(--line)", lineHeight: 1.3 };

// Tensors in the order of the layers, then the outputs of the untapped run.
function depthRows(detail, columns) {
  const made = (detail.case.layers ?? []).flatMap((l) => Object.keys(l.shapes));
  const rows = [];
  for (const column of columns) {
    const cell = detail.cells[column.number];
    const findings = [...(cell?.layers ?? []).map((f) => [f, f.tensor]), ...(cell?.final ?? []).map((f) => [f, `output ${f.tensor}`])];
    for (const [finding, place] of findings) {
      const ratio = toNumber(finding.metrics?.bound_ratio);
      if (ratio === null || Number.isNaN(ratio)) continue;
      rows.push({ place, ratio, column: column.name, verdict: finding.verdict, max: finding.metrics.max_abs });
    }
  }
  const there = new Set(rows.map((r) => r.place));
  const outputs = (detail.case.outputs ?? []).map((o) => `output ${o}`);
  return { rows, places: [...new Set([...made, ...outputs, ...there])].filter((p) => there.has(p)) };
}

async function depthPlot(detail, columns, chosen, width) {
  const { rows, places } = depthRows(detail, columns);
  if (!rows.length) return el("p", { class: "muted" }, "Nothing was compared, so there is nothing to plot.");
  const Plot = await plotLibrary();
  const finite = rows.map((r) => r.ratio).filter((r) => r > 0 && Number.isFinite(r));
  const low = 10 ** Math.floor(Math.log10(Math.max(1e-6, Math.min(0.09, ...finite))));
  const high = 10 ** Math.ceil(Math.log10(Math.max(2, ...finite)) + (rows.some((r) => r.ratio === Infinity) ? 0.5 : 0));
  for (const r of rows) r.shown = Math.min(high, Math.max(low, r.ratio));
  const domain = columns.map((c) => c.name);
  const scales = { color: { domain, range: domain.map((_, i) => colourAt(i)) }, symbol: { domain, range: domain.map((_, i) => symbolAt(i)), legend: true } };
  const decades = Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, i) => low * 10 ** i).map((v) => Number(v.toPrecision(1)));
  const error = { type: "log", domain: [low, high], ticks: decades, tickFormat: decadeText, grid: true, label: "error ÷ bound" };
  const title = (r) => `${r.place}\n${r.column}\n${r.verdict}, error ÷ bound ${figure(r.ratio)}\nmax |d| ${figure(r.max)}`;
  const common = { ...scales, ...plotStyle(width, "error ÷ bound", "The figures are in the table of layers.") };
  const figureNode = places.length <= FEW ? dots(Plot, rows, places, domain, error, title, common, low, high) : lines(Plot, rows, places, error, title, common, chosen, low, high);
  const zeros = rows.some((r) => r.ratio === 0);
  return el("div", {}, figureNode, zeros && el("p", { class: "lead" }, "Hollow: no error at all. A log scale has no 0, so it stands at the end."));
}

function decadeText(value) {
  const power = Math.round(Math.log10(value));
  return power >= -2 && power <= 3 ? String(Number(value.toPrecision(1))) : `1e${power}`;
}

// A log scale has no 0: it is drawn at the end, hollow.
function marks(Plot, rows, where) {
  const zeros = rows.filter((r) => r.ratio === 0);
  return [Plot.dot(rows, { ...where, stroke: "column", fill: "column", symbol: "column" }), Plot.dot(zeros, { ...where, r: 2, fill: "var(--ground)" })];
}

function lines(Plot, rows, places, error, title, common, chosen, low, high) {
  const every = Math.ceil(places.length / 36);
  const longest = Math.max(...places.map((p) => p.length));
  const wide = (common.width - 80) / places.length > longest * 7;
  return Plot.plot({
    ...common, height: 320 + (wide ? 0 : Math.min(110, longest * 5)), marginLeft: 52, marginRight: 20, marginBottom: wide ? 34 : Math.min(140, 24 + longest * 5),
    x: { type: "point", domain: places, label: null, tickRotate: wide ? 0 : -40, ticks: places.filter((_, i) => i % every === 0), padding: 0.3 },
    y: error,
    marks: [
      Plot.rect([0], { x1: null, x2: null, y1: 1, y2: high, fill: "var(--bad)", fillOpacity: 0.07 }),
      Plot.ruleY([1], { stroke: "var(--bad)", strokeDasharray: "5,4", strokeWidth: 1.5 }),
      Plot.line(rows.filter((r) => r.ratio > 0), { x: "place", y: "shown", stroke: "column", z: "column", strokeOpacity: (r) => (r.column === chosen ? 1 : 0.6), strokeWidth: (r) => (r.column === chosen ? 2.5 : 1.3) }),
      ...marks(Plot, rows, { x: "place", y: "shown", r: (r) => (r.column === chosen ? 4.5 : 3.2) }),
      Plot.text([1], { y: 1, text: () => "bound", frameAnchor: "right", dy: -7, dx: -4, fill: "var(--bad)" }),
      Plot.tip(rows, Plot.pointer({ ...TIP, x: "place", y: "shown", title })),
    ],
  });
}

// A line needs a depth; a case of few tensors gets a row of dots for each column instead.
function dots(Plot, rows, places, domain, error, title, common, low, high) {
  const facets = places.length > 1;
  return Plot.plot({
    ...common, symbol: { ...common.symbol, legend: false }, height: 56 + places.length * (domain.length * 20 + 16), marginLeft: Math.min(280, 20 + Math.max(...domain.map((d) => d.length)) * 7), marginRight: facets ? 130 : 24, marginTop: 24, marginBottom: 36,
    x: { ...error, labelAnchor: "center", labelArrow: "none" }, y: { domain, label: null }, fy: { domain: places, label: null, padding: 0.16, axis: facets ? "right" : null },
    marks: [
      Plot.rect([0], { x1: 1, x2: high, y1: null, y2: null, fill: "var(--bad)", fillOpacity: 0.07 }),
      Plot.ruleX([1], { stroke: "var(--bad)", strokeDasharray: "5,4", strokeWidth: 1.5 }),
      Plot.ruleY(rows, { x1: low, x2: "shown", y: "column", fy: "place", stroke: "column", strokeOpacity: 0.35, strokeWidth: 2 }),
      ...marks(Plot, rows, { x: "shown", y: "column", fy: "place", r: 4.5 }),
      Plot.tip(rows, Plot.pointer({ ...TIP, x: "shown", y: "column", fy: "place", title })),
    ],
  });
}
