// The tables of a case over all columns: layers, outputs, before the copy.

// A finding in the form of an entry of the index. known: a failure that the case expects.
function findingEntry(finding, known) {
  const failed = FAILED.has(finding.verdict);
  return { verdict: finding.verdict, ratio: toNumber(finding.metrics?.bound_ratio), ok: known || !failed, expected: known && failed, message: finding.message };
}

// The finding as a cell of the matrix; the tip has what there is no room for.
function findingCell(finding, where, chosen, known = false) {
  if (!finding) return el("td", { class: chosen ? "chosen blank" : "blank" });
  const m = finding.metrics ?? {};
  const entry = findingEntry(finding, known);
  const more = finding.metrics ? `\nmax |d| ${figure(m.max_abs)}, relative L2 ${figure(m.rel_l2)}, at most ${figure(m.ulp_max)} ULP, ${figure(m.count)} elements` : "";
  return el("td", { class: chosen ? "chosen" : "" }, el("span", { ...cellAttributes(entry), title: cellTitle(entry, where) + more }, cellContent(entry)));
}

function layersTable(detail, columns, chosen) {
  const layers = detail.case.layers ?? [];
  const found = columns.map((c) => {
    const cell = detail.cells[c.number];
    const byTensor = new Map((cell?.layers ?? []).map((f) => [f.tensor, f]));
    const fusedInto = new Map((cell?.layers ?? []).flatMap((f) => f.nodes.map((n) => [n, f.tensor])));
    return { column: c, known: Boolean(cell?.ok && cell.expected), byTensor, fusedInto, final: new Map((cell?.final ?? []).map((f) => [f.tensor, f])) };
  });
  const rows = [];
  let before = Object.keys(detail.case.inputs ?? {}).join(" ");
  for (const layer of layers) {
    const tensors = Object.keys(layer.shapes);
    tensors.forEach((tensor, i) => {
      const about = i ? [el("th", { scope: "row", class: "second" }, tensor), el("td"), el("td")] : [
        el("th", { scope: "row" }, layer.name, layer.from.join(" ") !== before && el("span", { class: "from" }, `from ${layer.from.join(", ")}`)),
        el("td", {}, layer.layer), el("td", { class: "parameters" }, parametersOf(layer)),
      ];
      const weights = i ? el("td") : el("td", { class: "weights" }, weightsOf(layer));
      const cells = found.map((f) => fusedCell(f, layer, tensor, f.column === chosen));
      rows.push(el("tr", {}, about, el("td", { class: "number" }, shapeText(layer.shapes[tensor])), weights, cells));
    });
    before = layer.name;
  }
  for (const [i, tensor] of (detail.case.outputs ?? []).entries()) {
    const shape = layers.flatMap((l) => Object.entries(l.shapes)).find(([name]) => name === tensor)?.[1] ?? detail.case.inputs?.[tensor]?.[0];
    rows.push(el("tr", { class: i ? "" : "outputs" }, el("th", { scope: "row" }, tensor), el("td", { colspan: 2, class: "muted" }, "output, from a run without taps"),
      el("td", { class: "number" }, shape ? shapeText(shape) : ""), el("td"),
      found.map((f) => findingCell(f.final.get(tensor), `output ${tensor} on ${f.column.name}`, f.column === chosen, f.known))));
  }
  const heads = ["layer", "type", "parameters", numberHead("output shape"), "weights",
    ...columns.map((c) => el("th", { scope: "col", class: `target${c === chosen ? " chosen" : ""}`, title: c.name }, columnName(c)))];
  return table(heads, rows, { class: "layers matrix" + (columns.length > 7 ? " dense" : "") });
}

function fusedCell(found, layer, tensor, chosen) {
  const finding = found.byTensor.get(tensor);
  const into = found.fusedInto.get(layer.name);
  if (finding || !into) return findingCell(finding, `${tensor} on ${found.column.name}`, chosen, found.known);
  return el("td", { class: `fused${chosen ? " chosen" : ""}`, title: `the runtime fuses ${layer.name} with what follows; both are judged at ${into}, by their composed bound` }, "↓", spoken(`judged at ${into}`));
}

function parametersOf(layer) {
  return Object.entries(layer.parameters).map(([k, v]) => el("span", {}, `${k} `, el("b", {}, parameterText(v))));
}

function weightsOf(layer) {
  const own = Object.entries(layer.weights);
  if (!own.length) return "";
  const text = ([name, w]) => el("span", { title: `${w.name}: ${w.axes}` }, `${name} `, el("b", {}, w.shape.join("×")), w.name !== `${layer.name}/${name}` && el("i", {}, ` = ${w.name}`));
  return [own.map(text), own.length > 1 && el("span", { class: "muted" }, `${layer.count.toLocaleString("en")} in all`)];
}

const FIGURES = [
  ["max |d|", "largest distance from the reference; d = output − float64 reference", (m) => figure(m.max_abs)],
  ["mean |d|", "mean distance", (m) => figure(m.mean_abs)],
  ["RMS d", "root of the mean square distance", (m) => figure(m.rms)],
  ["Σ |d|", "sum of the distances", (m) => figure(m.sum_abs)],
  ["relative L2", "‖d‖ ÷ ‖reference‖", (m) => figure(m.rel_l2)],
  ["cosine", "of the angle between output and reference", (m) => cosineText(m.cosine)],
  ["ULP max", "largest distance in units in the last place", (m) => figure(m.ulp_max)],
  ["ULP p99", "99 % of the elements are no further off", (m) => figure(m.ulp_p99)],
  ["argmax", "share of positions whose largest class is the reference's", (m) => (m.argmax_agreement === null || m.argmax_agreement === undefined ? "–" : `${figure(m.argmax_agreement * 100, 4)} %`)],
];

function outputTables(detail, columns, chosen) {
  return (detail.case.outputs ?? []).map((tensor) => {
    const rows = [];
    for (const c of columns) {
      const cell = detail.cells[c.number];
      const finding = (cell?.final ?? []).find((f) => f.tensor === tensor);
      if (!finding) continue;
      const m = finding.metrics;
      const cells = m ? [...FIGURES.map(([, , show]) => el("td", { class: "number" }, show(m))), el("td", { class: "worst" }, worstText(m))] : [el("td", { colspan: FIGURES.length + 1 }, finding.message)];
      rows.push(el("tr", { class: c === chosen ? "chosen" : "" }, el("th", { scope: "row" }, c.name), findingCell(finding, `output ${tensor} on ${c.name}`, false, Boolean(cell.ok && cell.expected)), cells));
    }
    if (!rows.length) return null;
    const heads = ["target", el("th", { scope: "col" }, "error ÷ bound"), ...FIGURES.map(([name, title]) => numberHead(name, title)), "worst element"];
    return [(detail.case.outputs.length > 1) && el("h4", {}, tensor), table(heads, rows, { class: "figures" })];
  });
}

function worstText(m) {
  if (!m.worst) return "–";
  const muted = (text) => el("span", { class: "muted" }, text);
  return [el("span", {}, muted(`at ${shapeText(m.worst)} `), figure(m.worst_actual, 9)), " ", el("span", {}, muted("for "), figure(m.worst_reference, 9))];
}

// The seed of this project: what copying the weights changes.
function beforeTable(detail, columns, chosen) {
  const rows = [];
  for (const c of columns) {
    const cell = detail.cells[c.number];
    for (const [tensor, before] of Object.entries(cell?.before ?? {})) {
      const after = (cell.final ?? []).find((f) => f.tensor === tensor)?.metrics;
      const times = after && toNumber(after.sum_abs) > 0 ? toNumber(before.sum_abs) / toNumber(after.sum_abs) : null;
      rows.push(el("tr", { class: c === chosen ? "chosen" : "" }, el("th", { scope: "row" }, c.name), el("td", {}, tensor), el("td", { class: "number" }, figure(before.sum_abs, 4)),
        el("td", { class: "number" }, after ? figure(after.sum_abs, 4) : "–"), el("td", { class: "number" }, times ? `${figure(times, 2)} times less` : after ? "exactly 0" : "")));
    }
  }
  if (!rows.length) return null;
  return section("Before and after the weights are copied",
    el("p", { class: "lead" }, "Each framework first ran on initial values of its own, then on the copied weights."),
    table(["target", "output", numberHead("Σ |d| before"), numberHead("Σ |d| after"), numberHead("")], rows, { class: "narrow" }));
}
