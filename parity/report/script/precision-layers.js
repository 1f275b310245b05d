// Loss by layer: its parts along the depth, counts of what left the range, pictures.

const PARTS = [["weights", "rounded weights"], ["activations", "rounded tensors between layers"], ["arithmetic", "what the engine adds"]];

async function layersPlot(layers, width) {
  const rows = layers.flatMap((l) => PARTS.filter(([k]) => l.parts?.[k] !== undefined && l.parts[k] !== null).map(([part]) => ({ ...l, part, loss: toNumber(l.parts[part]) })));
  const wholes = layers.map((l) => ({ ...l, loss: toNumber(l.rel_l2) })).filter((l) => l.loss !== null);
  if (!rows.length && !wholes.length) return el("p", { class: "muted" }, "No layer was looked at.");
  const Plot = await plotLibrary();
  const names = unique(layers.map(nameOf));
  const finite = [...rows, ...wholes].map((r) => r.loss).filter((v) => Number.isFinite(v));
  const high = Math.max(1e-300, ...finite) * 1.1;
  const longest = Math.max(...names.map((n) => n.length));
  const wide = (width - 80) / names.length > longest * 7;
  const every = Math.ceil(names.length / 36);
  const height = (r) => onScale(r.loss, [0, high]);
  const parts = PARTS.map(([k]) => k).filter((k) => rows.some((r) => r.part === k));
  const title = (r) => `${nameOf(r)}${r.layer ? ` (${r.layer})` : ""}\nrelative L2 ${figure(r.rel_l2)}\n${parts.map((k) => `${k} ${figure(r.parts?.[k])}`).join("\n")}`;
  const gap = Math.min(0.35, (names.length * 0.2) / 10);
  return Plot.plot({
    ...plotStyle(width, "loss by layer"), height: 290 + (wide ? 0 : Math.min(110, longest * 5)), marginLeft: 64, marginRight: 20, marginBottom: wide ? 34 : Math.min(140, 24 + longest * 5),
    color: { domain: parts, range: ["var(--series-1)", "var(--series-2)", "var(--series-3)"], legend: true },
    fx: { domain: names, label: null, padding: gap, axis: null }, x: { domain: parts, axis: null, padding: 0.05 },
    y: { domain: [0, high], grid: true, label: LOSS, tickFormat: (v) => figure(v, 2), ticks: 6 },
    marks: [
      Plot.axisFx({ ticks: names.filter((_, i) => i % every === 0), anchor: "bottom", label: null, tickRotate: wide ? 0 : -40, textAnchor: wide ? "middle" : "end", frameAnchor: "bottom" }),
      Plot.barY(rows, { fx: nameOf, x: "part", y1: 0, y2: height, fill: "part", title }),
      Plot.tickY(wholes, { fx: nameOf, y: height, stroke: "currentColor", strokeWidth: 2, title }),
      Plot.text([...rows, ...wholes].filter((r) => odd(r.loss)), { fx: nameOf, y: height, text: (r) => figure(r.loss), dy: -6, fill: "var(--bad)" }),
      Plot.ruleY([0], { stroke: "var(--muted)" }),
    ],
  });
}

const nameOf = (layer) => layer.tensor ?? layer.node ?? "";

// What left the range of the precision, in words; nothing where nothing did.
function countsOf(counts = {}) {
  const words = [["infinite", "infinite"], ["zero", "become 0"], ["subnormal", "subnormal"]];
  const there = words.filter(([key]) => toNumber(counts[key] ?? 0) > 0);
  return there.map(([key, text]) => el("span", { class: key === "infinite" ? "failed" : "" }, `${counts[key].toLocaleString("en")} ${text}`)).flatMap((s, i) => (i ? [", ", s] : [s]));
}

function lossTable(layers) {
  const seen = (key) => layers.some((l) => countsOf(l[key]).length);
  const [weights, tensors] = [seen("weights"), seen("tensor_counts")];
  const heads = ["layer", "type", numberHead(LOSS), ...PARTS.map(([k, text]) => numberHead(k, text)), numberHead("bytes"), ...(weights ? ["weights out of range"] : []), ...(tensors ? ["tensor out of range"] : [])];
  const rows = layers.map((l) => [el("th", { scope: "row" }, nameOf(l)), l.layer ?? "", number(figure(l.rel_l2)), ...PARTS.map(([k]) => number(figure(l.parts?.[k]))),
    number(l.bytes ? `${sizeText(l.bytes[0])} → ${sizeText(l.bytes[1])}` : ""), ...(weights ? [countsOf(l.weights)] : []), ...(tensors ? [countsOf(l.tensor_counts)] : [])]);
  return table(heads, rows, { class: "narrow" });
}

// How many weights and elements left the range, over all layers.
function rangeLine(layers) {
  const sum = (key, what) => layers.reduce((n, l) => n + (toNumber(l[key]?.[what] ?? 0) || 0), 0);
  const told = [["weights", "weights"], ["tensor_counts", "elements of tensors"]].flatMap(([key, name]) => [["infinite", "overflow"], ["zero", "become 0"], ["subnormal", "become subnormal"]]
    .map(([what, verb]) => [sum(key, what), `${name} ${verb}`]).filter(([n]) => n > 0).map(([n, text]) => `${n.toLocaleString("en")} ${text}`));
  return told.length ? el("p", { class: "lead" }, `${told.join(", ")}.`) : "";
}

// Reference, what the precision makes of it, and the difference, side by side.
function pictures(found, images) {
  const image = (place, alt, caption) => (/^[A-Za-z0-9+/]+=*$/.test(images[place] ?? "") ? el("figure", {}, el("img", { src: `data:image/png;base64,${images[place]}`, alt }), el("figcaption", {}, caption)) : "");
  return found.map((p) => {
    const what = `${p.tensor}, sample ${p.sample}`;
    const times = toNumber(p.scale ?? null);
    return el("div", { class: "pictures" }, image(p.reference, `${what}: the reference`, "reference"), image(p.actual, `${what}: in this precision`, "in this precision"),
      image(p.difference, `${what}: where the two differ`, `difference${times && times !== 1 ? ` × ${figure(times, 2)}` : ""}`), el("p", { class: "muted" }, what));
  });
}
