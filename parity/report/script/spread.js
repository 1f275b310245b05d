// How the errors are spread: elements by error ÷ bound, in doublings of it, the bound at 1.

const SMALLEST = -12;
const GREATEST = 12;

// {zero, total, bars: [{power, count, share}], beyond}; null where the finding has none. Elements at exactly 1 pass.
function spreadOf(finding) {
  const spread = finding?.spread;
  if (!spread) return null;
  const total = spread.counts.reduce((sum, n) => sum + n, spread.zero);
  const bars = spread.counts.map((count, i) => ({ power: spread.from + i, count, share: count / total })).filter((b) => b.count);
  const ratio = ratioOf(finding);
  const outside = ratio === null ? FAILED.has(finding.verdict) : ratio > 1 || FAILED.has(finding.verdict);
  return { zero: spread.zero, total, bars, beyond: outside ? bars.filter((b) => b.power >= 0).reduce((sum, b) => sum + b.count, 0) : 0 };
}

function shareText(count, total) {
  const percent = (100 * count) / total;
  if (count === total) return "100 %";
  return percent >= 99.95 ? "more than 99.9 %" : percent < 0.01 ? "less than 0.01 %" : `${figure(percent, percent < 1 ? 1 : 3)} %`;
}

const powerText = (power) => (power >= 0 ? (2 ** power).toLocaleString("en") : `1/${(2 ** -power).toLocaleString("en")}`);

// The share beyond the bound, and what most elements come to.
function spreadWords({ zero, total, bars, beyond }) {
  if (!total) return "There are no elements.";
  const elements = total === 1 ? "The one element" : `of ${total.toLocaleString("en")} elements`;
  const has = (n) => (n === 1 ? "is" : "are");
  const count = (n) => (total === 1 ? elements : n === total ? `All ${total.toLocaleString("en")} elements` : `${n ? n.toLocaleString("en") : "None"} ${elements}`);
  const share = (n) => (n && n < total ? ` (${shareText(n, total)})` : "");
  if (zero === total) return `${count(total)} ${has(total)} exact.`;
  const first = total === 1 && !beyond ? "The one element is inside the bound." : `${count(beyond)}${share(beyond)} ${beyond ? has(beyond) : "is"} ${beyond ? "at the bound or beyond it" : "beyond the bound"}.`;
  const exact = zero ? ` ${zero.toLocaleString("en")} ${has(zero)} exact.` : "";
  let below = zero;
  const half = bars.find((b) => (below += b.count) >= total / 2);
  const most = total > 1 && half && half.power < 0 && zero < total / 2 ? ` At least half of all stay below ${powerText(half.power + 1)} of the bound.` : "";
  return first + exact + most;
}

// One row a target: {name, spread}. Heights grow with the root of the share, so that few elements are seen.
async function spreadPlot(rows, width, height) {
  const Plot = await plotLibrary();
  const powers = rows.flatMap((r) => r.spread.bars.map((b) => b.power));
  const low = Math.max(SMALLEST, Math.min(-6, ...powers)) - 3;
  const high = Math.min(GREATEST, Math.max(1, ...powers)) + 1;
  const least = (2 / height) ** 2;
  const names = rows.map((r) => r.name);
  const bars = rows.flatMap(({ name, spread }) => [
    ...spread.bars.map((b) => ({ name, x1: b.power, x2: b.power + 1, y: Math.max(least, b.share), count: b.count, total: spread.total, said: rangeText(b.power), outside: b.power >= 0 && spread.beyond > 0 })),
    ...(spread.zero ? [{ name, x1: low, x2: low + 1, y: Math.max(least, spread.zero / spread.total), count: spread.zero, total: spread.total, said: "exact", zero: true }] : []),
  ]);
  const ticks = [-12, -8, -4, 0, 4, 8, 12].filter((t) => t >= low + 3 && t <= high);
  const single = rows.length === 1;
  const place = { x1: "x1", x2: "x2", y: "y", fy: "name", insetLeft: 0.5, insetRight: 0.5 };
  const margin = single ? 12 : nameMargin(names, Math.min(200, width / 3));
  return Plot.plot({
    ...plotStyle(width, "elements by error ÷ bound", "The sentence above says what it shows."), height: rows.length * height + 46, marginLeft: margin, marginRight: 12, marginTop: single ? 18 : 12, marginBottom: 34,
    x: { domain: [low, high], label: null }, y: { type: "sqrt", domain: [0, 1], axis: null }, fy: { domain: names, label: null, padding: single ? 0 : 0.18, axis: single ? null : "left" },
    marks: [
      Plot.rect([0], { x1: 0, x2: high, y1: 0, y2: 1, fill: "var(--bad)", fillOpacity: 0.07 }),
      Plot.axisX(ticks, { text: powerText, label: "error ÷ bound", labelAnchor: "center", labelArrow: "none" }),
      bars.some((b) => b.zero) ? Plot.axisX([low + 0.5], { text: () => "exact", tickSize: 0, label: null }) : null,
      Plot.rectY(bars.filter((b) => !b.zero), { ...place, fill: (b) => (b.outside ? "var(--bad-ground)" : "var(--pass-line)") }),
      Plot.rectY(bars.filter((b) => b.zero), { ...place, fill: "var(--faint)", stroke: "var(--muted)", strokeDasharray: "2,2" }),
      Plot.ruleY([0], { stroke: "var(--line)" }),
      Plot.ruleX([0], { stroke: "var(--bad)", strokeDasharray: "5,4", strokeWidth: 1.5 }),
      single ? Plot.text([0], { x: 0, frameAnchor: "top", text: () => "bound", dy: -14, fill: "var(--bad)" }) : null,
      Plot.tip(bars, Plot.pointerX({ ...TIP, x1: "x1", x2: "x2", y: "y", fy: "name", title: (b) => `${b.name}\n${b.said}\n${b.count.toLocaleString("en")} of ${b.total.toLocaleString("en")} (${shareText(b.count, b.total)})` })),
    ],
  });
}

// The lowest bar takes all below it, the highest all above.
function rangeText(power) {
  if (power <= SMALLEST) return `error ÷ bound below ${powerText(SMALLEST + 1)}`;
  return power >= GREATEST ? `error ÷ bound of ${powerText(GREATEST)} and more` : `error ÷ bound from ${powerText(power)} to ${powerText(power + 1)}`;
}

// Rows of the plot for one tensor: those targets whose spread the page has.
function spreadRows(tensor, kind, detail, columns) {
  const found = (c) => ((kind === "output" ? detail.cells[c.number]?.final : detail.cells[c.number]?.layers) ?? []).find((f) => f.tensor === tensor);
  return columns.map((c) => ({ name: c.name, spread: spreadOf(found(c)) })).filter((r) => r.spread?.total);
}

// The outputs on all targets; of targets that have no spread nothing is drawn.
async function outputSpreads(detail, columns, width) {
  const plots = [];
  for (const tensor of detail.case.outputs ?? []) {
    const rows = spreadRows(tensor, "output", detail, columns);
    if (rows.length) plots.push(el("div", { class: "plotting" }, detail.case.outputs.length > 1 && el("h5", {}, tensor), await spreadPlot(rows, Math.min(width, 720), 34)));
  }
  return plots.length ? [el("p", { class: "lead" }, "The elements of the outputs by error ÷ bound, a bar for each doubling:"), ...plots] : [];
}
