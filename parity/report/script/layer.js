// One layer, input or output of the network: its verdict, figures, weights, and how and where it errs.

const NOT_KEPT = "not kept in this page; results.jsonl has it where the run recorded it.";

// What there is to say without a plot; into: the finding of the layers that a runtime fuses this one with, else null.
function layerHead(node, cell, into, shapes) {
  const about = node.kind === "layer" ? [node.type] : [node.kind === "input" ? "an input" : "an output, from a run without taps"];
  const pairs = node.tensors.map((t) => [node.tensors.length > 1 ? t : "shape", shapes.get(t) ? shapeText(shapes.get(t)) : ""]);
  if (node.layer?.from.length) pairs.push(["reads", node.layer.from.join(", ")]);
  if (node.tied.length) pairs.push(["shares weights with", node.tied.join(", ")]);
  return [
    el("h4", { class: "plain" }, el("b", {}, node.name), el("span", { class: "muted" }, ` ${about.join(", ")}`)),
    pairsList(pairs),
    node.layer && el("p", { class: "parameters" }, parametersOf(node.layer)),
    node.layer && node.layer.count > 0 && el("p", { class: "weights" }, weightsOf(node.layer)),
    into && el("p", {}, `A runtime makes one step of ${listText(into.nodes)}; they are judged together at ${into.tensor}, by their composed bound.`),
    node.kind === "input" ? el("p", { class: "muted" }, "All targets get the same input, so there is nothing to compare.") : !cell?.layers && !cell?.final && el("p", { class: "muted" }, "Nothing was compared on this target."),
  ];
}

const listText = (names) => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names.join(""));

// The same tensor on all targets, side by side; each leads to its own figures.
function acrossList(tensor, kind, detail, columns, chosen, href) {
  const link = (c) => {
    const cell = detail.cells[c.number];
    const finding = ((kind === "output" ? cell?.final : cell?.layers) ?? []).find((f) => f.tensor === tensor);
    const entry = finding && findingEntry(finding, Boolean(cell.ok && cell.expected));
    return [{ href: href(c) }, entry ? el("span", { ...cellAttributes(entry), title: cellTitle(entry, c.name) }, cellContent(entry)) : el("span", { class: "muted" }, cell?.layers ? "not by itself" : "not compared")];
  };
  return sideBySide(columns, chosen, `${tensor} on all targets`, link, "across");
}

function figuresList(m) {
  return pairsList([["error ÷ bound", figure(m.bound_ratio, 4)], ["max |d|", figure(m.max_abs)], ["relative L2", figure(m.rel_l2)], ["at most", `${figure(m.ulp_max)} ULP`], ["elements", figure(m.count)], ["worst element", worstText(m)]]);
}

// Figures, distribution and map of one finding. others: rows of the spread plot for the other targets.
async function findingPart(finding, shape, record, others, width) {
  const m = finding.metrics;
  return [
    m ? figuresList(m) : finding.message && el("p", { class: "message" }, finding.message), // else the figures say what the message does
    ...(m ? [await spreadPart(finding, others, width), await wherePart(finding, shape, record, width)] : []),
  ];
}

async function spreadPart(finding, others, width) {
  const spread = spreadOf(finding);
  const title = el("h5", {}, "Distribution of errors");
  if (!spread) return el("div", { class: "part" }, title, el("p", { class: "muted" }, `The distribution is ${NOT_KEPT}`));
  const plot = (rows, height) => spreadPlot(rows, width, height);
  const drawn = spread.total > spread.zero;
  return el("div", { class: "part", "data-part": "spread" }, title, el("p", {}, spreadWords(spread)),
    drawn && el("div", { class: "plotting" }, await plot([{ name: finding.tensor, spread }], 110)),
    drawn && el("p", { class: "lead" }, "Elements by error ÷ bound; each bar is a doubling. Heights go by the root of the share, so that few elements are seen too."),
    others.length > 0 && el("details", {}, el("summary", {}, others.length === 1 ? "the other target" : `the ${others.length} other targets`), el("div", { class: "plotting" }, await plot(others, 34))));
}

async function wherePart(finding, shape, record, width) {
  const [map, profile] = [mapOf(finding, shape, record), profileOf(finding, shape, record)];
  const title = el("h5", {}, "Where the error sits");
  if (!map && !profile) return shape?.length ? el("div", { class: "part" }, title, el("p", { class: "muted" }, `The map is ${NOT_KEPT}`)) : "";
  const said = whereWords(map, profile).map((text) => el("p", {}, text));
  const errs = [map, profile].some((m) => m?.levels.some((level) => level > 0));
  if (!errs) return el("div", { class: "part", "data-part": "where" }, title, el("p", {}, "There is no error anywhere."));
  const more = map && (shape?.length ?? 2) > (map.axes[0] === null ? 1 : 2);
  return el("div", { class: "part", "data-part": "where" }, title, said,
    el("div", { class: "plotting maps" }, map && await mapPlot(map, Math.min(width, 480)), profile && profile.of[1] > 1 && await mapPlot(profile, width)),
    levelLegend(), el("p", { class: "lead" }, `Error ÷ bound, the largest ${more || profile ? "over the other axes and " : ""}in each block; a cross is beyond the bound.`));
}
