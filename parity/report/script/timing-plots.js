// Plots of times: a call with its quartiles, the first call, the ratio to the baseline, curves over batch and threads.

const labelOf = (several) => (r) => (several ? `${r.target} ${r.environment ?? ""}` : r.target);
const deviceShade = (r) => (r.device === "cpu" ? 1 : 0.55);
const rateOf = (r) => (r.median > 0 ? (r.batch ?? 1) / r.median : null);

function timeTitle(r) {
  const batch = r.batch ? `batch ${r.batch}` : "";
  return [[r.target, r.environment].filter(Boolean).join(" "), [r.threads && `${r.threads} threads`, batch].filter(Boolean).join(", "), r.median !== undefined && `${timeText(r.median)} a call`,
    r.q1 !== undefined && r.q3 !== undefined && `quartiles ${timeText(r.q1)} … ${timeText(r.q3)}`,
    r.low !== undefined && r.high !== undefined && `interval over rounds ${timeText(r.low)} … ${timeText(r.high)}`, r.speed && `${r.times} as fast as ${r.baseline}: ${r.says}`,
    r.failed && `its verdict: ${r.verdict}`].filter(Boolean).join("\n");
}

// By engine, the CPU before the GPU and both beside each other, the engine with the shortest call first.
function byEngine(rows) {
  const best = new Map();
  for (const r of rows) best.set(r.engine, Math.min(best.get(r.engine) ?? Infinity, r.median ?? Infinity));
  return [...rows].sort((a, b) => best.get(a.engine) - best.get(b.engine) || a.engine.localeCompare(b.engine) || a.device.localeCompare(b.device) || a.precision.localeCompare(b.precision));
}

function barsLayout(width, names, label, high, right) {
  return {
    ...plotStyle(width, label), height: 58 + names.length * 26, marginLeft: nameMargin(names), marginRight: right, marginBottom: 42,
    x: { domain: [0, high], grid: true, label, labelAnchor: "center", labelArrow: "none", tickFormat: timeText, ticks: width < 700 ? 3 : 6 }, y: { domain: names, label: null },
  };
}

async function callsPlot(rows, engines, several, width) {
  const there = byEngine(rows.filter((r) => r.median !== undefined));
  if (!there.length) return el("p", { class: "muted" }, "No call was timed.");
  const Plot = await plotLibrary();
  const name = labelOf(several);
  const names = unique(there.map(name));
  const high = Math.max(...there.map((r) => Math.max(r.median, r.q3 ?? 0)));
  const whisker = there.filter((r) => r.q1 !== undefined && r.q3 !== undefined);
  return Plot.plot({
    ...barsLayout(width, names, "median of a call; whiskers: quartiles", high * 1.02, 130), color: colourScale(engines),
    marks: [
      Plot.barX(there, { x1: 0, x2: "median", y: name, fill: "engine", fillOpacity: deviceShade, stroke: "engine", insetTop: 3, insetBottom: 3, title: timeTitle }),
      Plot.ruleY(whisker, { x1: "q1", x2: "q3", y: name, stroke: "var(--ink)", strokeWidth: 1.5 }),
      ...["q1", "q3"].map((q) => Plot.tickX(whisker, { x: q, y: name, stroke: "var(--ink)", strokeWidth: 1.5, insetTop: 7, insetBottom: 7 })),
      Plot.text(there, { x: (r) => Math.max(r.median, r.q3 ?? 0), y: name, text: (r) => `${timeText(r.median)}${r.failed ? ` · ${r.verdict}` : ""}`, textAnchor: "start", dx: 7, fill: (r) => (r.failed ? "var(--bad)" : "var(--ink)") }),
      Plot.ruleX([0], { stroke: "var(--muted)" }),
    ],
  });
}

const FIRST = [["build", "building the model"], ["call", "first call"]];

// What happens once: building, then a first call that may compile.
async function firstPlot(rows, several, width) {
  const name = labelOf(several);
  const there = byEngine(rows.filter((r) => r.build !== undefined || r.call !== undefined));
  const parts = there.flatMap((r) => FIRST.filter(([key]) => r[key] !== undefined).map(([key, part]) => ({ ...r, part, seconds: r[key] })));
  if (!parts.length) return "";
  const Plot = await plotLibrary();
  const names = unique(there.map(name));
  const sum = (r) => (r.build ?? 0) + (r.call ?? 0);
  const domain = FIRST.map(([, part]) => part);
  return Plot.plot({
    ...barsLayout(width, names, "once: building and the first call", Math.max(...there.map(sum)) * 1.02, 110), color: { domain, range: ["var(--series-5)", "var(--series-2)"], legend: true },
    marks: [
      Plot.barX(parts, Plot.stackX({ order: domain, x: "seconds", y: name, fill: "part", insetTop: 3, insetBottom: 3, title: (r) => `${r.target}\n${r.part} ${timeText(r.seconds)}` })),
      Plot.text(there, { x: sum, y: name, text: (r) => timeText(sum(r)), textAnchor: "start", dx: 6, fill: "var(--ink)" }),
      Plot.ruleX([0], { stroke: "var(--muted)" }),
    ],
  });
}

// An axis that names all of its ticks; a logarithmic scale by itself leaves names out.
const steps = (Plot, ticks, label) => Plot.axisX(ticks, { x: (d) => d, text: (d) => figure(d), label, labelAnchor: "center", labelArrow: "none" });

// Times as fast as the baseline with the interval, the line at 1. name: the row of a record.
async function ratioPlot(rows, engines, name, width, words = true) {
  const there = rows.filter((r) => r.speed);
  if (!there.length) return "";
  const Plot = await plotLibrary();
  const names = unique(there.map(name));
  const low = Math.min(0.9, ...there.map((r) => r.speed[1] ?? r.speed[0]));
  const high = Math.max(1.1, ...there.map((r) => r.speed[2] ?? r.speed[0]));
  const [from, to] = [low / 1.1, high * 1.1];
  const ticks = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter((t) => t >= from && t <= to);
  const decided = (r) => r.says === "faster" || r.says === "slower";
  return Plot.plot({
    ...plotStyle(width, "times as fast as the baseline"), height: 56 + names.length * 26, marginLeft: nameMargin(names), marginRight: words ? 250 : 30, marginBottom: 38, marginTop: 24,
    color: colourScale(engines, {}, there), symbol: words ? undefined : symbolScale(engines, { legend: true }, there),
    x: { type: "log", domain: [from, to] },
    y: { domain: names, label: null },
    marks: [
      steps(Plot, ticks, `← slower    times as fast as ${unique(there.map((r) => r.baseline)).join(", ")}    faster →`),
      Plot.gridX(ticks, { x: (d) => d }),
      Plot.ruleX([1], { stroke: "var(--ink)", strokeWidth: 1.5 }),
      Plot.ruleY(there.filter((r) => r.speed[1] !== null), { x1: (r) => r.speed[1], x2: (r) => r.speed[2], y: name, stroke: "engine", strokeWidth: 2.5, strokeOpacity: deviceShade }),
      Plot.dot(there, { x: (r) => r.speed[0], y: name, r: 5, stroke: "engine", strokeWidth: 2, symbol: words ? "circle" : "engine", fill: (r) => (decided(r) ? "var(--ink)" : "var(--ground)"), fillOpacity: (r) => (decided(r) ? 0.55 : 1) }),
      words ? Plot.text(there, { frameAnchor: "right", x: null, y: name, text: (r) => `${r.says}: ${r.times}`, textAnchor: "start", dx: 12, fill: "var(--ink)" }) : null,
      Plot.tip(there, Plot.pointer({ ...TIP, x: (r) => r.speed[0], y: name, title: timeTitle })),
    ],
  });
}

// Names at the ends of lines, moved so that none covers another: pairs of an end and how far it moves, in pixels.
function apart(ends, [low, high], height) {
  const at = (end) => (height * Math.log(high / end.value)) / Math.log(high / low);
  const sorted = [...ends].sort((a, b) => at(a) - at(b));
  let last = -Infinity;
  return sorted.map((end) => {
    last = Math.max(at(end), last + 13);
    return [end, last - at(end)];
  });
}

// Over batch or threads, on log axes: what: the time of a call, or samples a second.
async function sweepPlot(rows, key, what, engines, several, width) {
  const there = rows.filter((r) => r.median > 0 && r[key]).map((r) => ({ ...r, name: labelOf(several)(r), value: what === "rate" ? rateOf(r) : r.median }));
  const Plot = await plotLibrary();
  const values = unique(there.map((r) => r[key])).sort((a, b) => a - b);
  const scale = logScale(there.map((r) => r.value));
  const names = unique(there.map((r) => r.name));
  const height = 300;
  const ends = names.map((n) => there.filter((r) => r.name === n).reduce((a, b) => (b[key] > a[key] ? b : a)));
  const place = { x: key, y: "value" };
  return Plot.plot({
    ...plotStyle(width, `${what === "rate" ? "samples a second" : "time of a call"} against ${key}`), height, marginLeft: 66, marginRight: nameMargin(names, 190), marginBottom: 38, marginTop: 24,
    color: colourScale(engines), symbol: symbolScale(engines),
    x: { type: "log", domain: [values[0] / 1.08, values.at(-1) * 1.08] },
    y: { type: "log", domain: scale.domain, ticks: scale.ticks, tickFormat: what === "rate" ? (v) => rateText(v, "") : timeText, grid: true, label: what === "rate" ? "samples a second" : "median of a call" },
    marks: [
      steps(Plot, values, key),
      Plot.line(there, { ...place, z: "name", sort: key, stroke: "engine", strokeWidth: 2, strokeOpacity: (r) => deviceShade(r)}),
      what === "rate" ? null : Plot.ruleX(there.filter((r) => r.q1 > 0 && r.q3 > 0), { x: key, y1: "q1", y2: "q3", stroke: "engine", strokeWidth: 1.5 }),
      Plot.dot(there, { ...place, stroke: "engine", fill: "engine", fillOpacity: deviceShade, symbol: "engine", r: 4 }),
      apart(ends, scale.domain, height - 62).map(([end, dy]) => Plot.text([end], { ...place, text: "name", textAnchor: "start", dx: 9, dy, fill: "var(--ink)" })),
      Plot.tip(there, Plot.pointer({ ...TIP, ...place, title: timeTitle })),
    ],
  });
}
