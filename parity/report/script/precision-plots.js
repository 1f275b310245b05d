// Plots of what a precision loses: against the size, over cases, and which layers lose most.

const LOSS = "relative L2 error";

function lossTitle(r) {
  return [r.case, r.target, r.environment, `relative L2 ${figure(r.rel_l2, 2)}`, r.snr_db !== undefined && `SNR ${figure(r.snr_db)} dB`, (r.bytes?.[1] ?? null) !== null && `${sizeText(r.bytes[0])} → ${sizeText(r.bytes[1])}`,
    r.nonfinite && `${r.nonfinite} infinite or NaN`].filter(Boolean).join("\n");
}

const lossOf = (row) => toNumber(row.rel_l2);
const LEAST = 1e-8; // below what float32 itself loses: nothing that a plot should make room for
const lossScale = (rows) => logScale(rows.map(lossOf).map((x) => (x > 0 ? Math.max(x, LEAST) : x)));
const leastLine = (rows) => rows.some((r) => lossOf(r) !== null && lossOf(r) < LEAST) && el("p", { class: "lead" }, "A loss of 0, or one below what float32 itself loses, stands at the end of the scale.");

function lossScales(rows, precisions) {
  const names = precisions.filter(([p]) => rows.some((r) => r.precision === p));
  const said = new Map(names);
  const engines = unique(rows.map((r) => r.engine)).sort();
  return {
    engines,
    color: colourScale(engines, { legend: true }),
    symbol: symbolScale(names.map(([, text]) => text), { legend: names.length > 1 }),
    channel: { stroke: "engine", symbol: (r) => said.get(r.precision) },
  };
}

// Bytes of the weights against the loss, a mark a target; engines of one size stand side by side.
async function sizePlot(rows, precisions, width) {
  const there = rows.filter((r) => Number.isFinite(toNumber(r.bytes?.[1] ?? null) ?? NaN) && r.outputs);
  if (!there.length) return el("p", { class: "muted" }, "Nothing was compared, so there is nothing to plot.");
  const Plot = await plotLibrary();
  const scales = lossScales(there, precisions);
  const scale = lossScale(there);
  const before = Math.max(...there.map((r) => toNumber(r.bytes[0]) ?? 0), ...there.map((r) => r.bytes[1]));
  const aside = (engine) => (scales.engines.indexOf(engine) - (scales.engines.length - 1) / 2) * 11;
  const marks = scales.engines.flatMap((engine) => {
    const own = there.filter((r) => r.engine === engine);
    const place = { x: (r) => toNumber(r.bytes[1]), y: (r) => onScale(lossOf(r), scale.domain), dx: aside(engine) };
    return [Plot.dot(own, { ...scales.channel, ...place, r: 5, strokeWidth: 2 }),
      Plot.text(own.filter((r) => odd(lossOf(r))), { ...place, text: (r) => figure(r.rel_l2), dy: -12, fill: "var(--bad)" }),
      Plot.tip(own, Plot.pointer({ ...TIP, ...place, title: lossTitle }))];
  });
  return Plot.plot({
    ...plotStyle(width, "size against loss"), color: scales.color, symbol: scales.symbol, height: 330, marginLeft: 64, marginRight: 30, marginBottom: 40, marginTop: 26,
    x: { domain: [0, before * 1.06], label: "bytes of the weights", labelAnchor: "center", labelArrow: "none", tickFormat: sizeText, ticks: width < 700 ? 4 : 7 },
    y: { type: "log", domain: scale.domain, ticks: scale.ticks, tickFormat: decadeText, grid: true, label: LOSS },
    marks: [Plot.ruleX([before], { stroke: "var(--muted)", strokeDasharray: "4,4" }), Plot.text([before], { x: (d) => d, text: () => "float32", frameAnchor: "top", dy: -12, fill: "var(--muted)" }), marks],
  });
}

// A row of dots a case.
async function lossesPlot(cases, precisions, width) {
  const rows = cases.flatMap((c) => c.rows.filter((r) => r.outputs).map((r) => ({ ...r, case: c.id })));
  if (!rows.length) return "";
  const Plot = await plotLibrary();
  const scales = lossScales(rows, precisions);
  const scale = lossScale(rows);
  const names = cases.map((c) => c.id);
  const place = { x: (r) => onScale(lossOf(r), scale.domain), y: "case" };
  return Plot.plot({
    ...plotStyle(width, "loss by case"), color: scales.color, symbol: scales.symbol, height: 60 + names.length * 26, marginLeft: nameMargin(names), marginRight: 30, marginBottom: 40,
    x: { type: "log", domain: scale.domain, ticks: scale.ticks, tickFormat: decadeText, grid: true, label: LOSS, labelAnchor: "center", labelArrow: "none" },
    y: { domain: names, label: null },
    marks: [Plot.ruleY(names, { stroke: "var(--line)" }), Plot.dot(rows, { ...scales.channel, ...place, r: 4.5, strokeWidth: 1.8 }),
      Plot.text(rows.filter((r) => odd(lossOf(r))), { ...place, text: (r) => figure(r.rel_l2), textAnchor: "start", dx: 9, fill: "var(--bad)" }), Plot.tip(rows, Plot.pointer({ ...TIP, ...place, title: lossTitle }))],
  });
}

const RANKED = 24;

// Loss of the whole network where that layer alone is in the lower precision, the largest first.
async function sensitivityPlot(found, width) {
  const layers = (found.layers ?? []).slice(0, RANKED).map((l) => ({ ...l, loss: toNumber(l.rel_l2) }));
  if (!layers.length) return el("p", { class: "muted" }, "No layer was looked at.");
  const Plot = await plotLibrary();
  const finite = layers.map((l) => l.loss).filter((v) => v !== null && Number.isFinite(v));
  const high = Math.max(1e-300, ...finite) * 1.18;
  const length = (l) => onScale(l.loss, [0, high]);
  const label = (l) => `${figure(l.rel_l2, 2)}${l.bytes_saved ? `, saves ${sizeText(l.bytes_saved)}` : ""}`;
  const names = layers.map((l) => l.node);
  const kept = new Set(found.advice?.keep ?? []);
  const title = (l) => `${l.node}${l.layer ? ` (${l.layer})` : ""}\nrelative L2 ${figure(l.rel_l2)} where it alone is in ${found.precision}\nsaves ${sizeText(l.bytes_saved)}${kept.has(l.node) ? "\nkeep it as it is" : ""}`;
  return Plot.plot({
    ...plotStyle(width, "sensitivity of the layers"), height: 54 + names.length * 22, marginLeft: nameMargin(names), marginRight: 150, marginBottom: 36,
    x: { domain: [0, high], grid: true, label: `${LOSS} of the outputs`, labelAnchor: "center", labelArrow: "none", tickFormat: (v) => figure(v, 2), ticks: 6 },
    y: { domain: names, label: null },
    marks: [
      Plot.barX(layers, { x1: 0, x2: length, y: "node", fill: (l) => (kept.has(l.node) ? "var(--series-6)" : "var(--series-1)"), insetTop: 2, insetBottom: 2, title }),
      Plot.text(layers, { x: length, y: "node", text: (l) => label(l) + (kept.has(l.node) ? " · keep" : ""), textAnchor: "start", dx: 6, fill: "currentColor" }),
      Plot.ruleX([0], { stroke: "var(--muted)" }),
    ],
  });
}
