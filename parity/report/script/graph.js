// The network drawn: nodes are links over the lines between them, so that they can be reached, spoken and copied.

const NODE = { height: 42, narrow: 148, wide: 236, most: 660, gap: 14, step: 24, page: 900, smallest: 0.5 }; // page: what a sheet of paper holds

function svg(tag, attributes, ...children) {
  const node = globalThis.d3.create(`svg:${tag}`).node();
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Places by dagre, top to bottom; where branches make it wide, with narrower nodes.
async function laidOut(network) {
  const dagre = await graphLibrary();
  const longest = Math.max(...network.nodes.map((n) => Math.max(n.name.length * 7.2 + 64, (n.type.length + sizesText(n.shape).length) * 6.2 + (n.tied.length ? 84 : 44))));
  const width = Math.min(NODE.wide, Math.max(NODE.narrow, longest));
  const placed = placedBy(dagre, network, width);
  return placed.size.width > NODE.most ? placedBy(dagre, network, Math.min(width, NODE.narrow)) : placed;
}

// Ids are numbers, since a name could be anything.
function placedBy(dagre, network, width) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "TB", nodesep: NODE.gap, ranksep: NODE.step, marginx: 10, marginy: 10 });
  network.nodes.forEach((_, i) => graph.setNode(String(i), { width, height: NODE.height }));
  for (const [from, to] of network.edges) graph.setEdge(String(from), String(to), {});
  dagre.layout(graph);
  return { graph, width, size: graph.graph() };
}

const sizesText = (shape) => (shape ? (shape.length ? shape.join("×") : "scalar") : "");

// network: of graphOf; cell: what was found on the target; known: a failure that the case expects; href: the address of a node.
async function drawGraph(network, cell, known, href) {
  const { graph, width, size } = await laidOut(network);
  const lines = network.edges.map(([from, to]) => edgeLine(graph.edge(String(from), String(to)), fusedEdge(network, cell, from, to), [from, to]));
  const drawn = network.nodes.map((node, i) => {
    const { x, y } = graph.node(String(i));
    return graphNode(node, cell, known, href(node), { left: x - width / 2, top: y - NODE.height / 2, width, height: NODE.height });
  });
  const arrow = svg("marker", { id: "graph-arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d: "M0,0.5L8,4L0,7.5z" }));
  const under = svg("svg", { width: size.width, height: size.height, "aria-hidden": "true" }, svg("defs", {}, arrow), ...lines);
  const canvas = el("div", { class: "canvas", "--width": `${size.width}px`, "--height": `${size.height}px`, "--print": Math.min(1, Math.max(NODE.smallest, NODE.page / size.height)).toFixed(2) }, under, drawn);
  const neighbours = stepsOf(network, graph);
  const box = el("div", { class: "graph", role: "group", "aria-label": "the network as a graph; arrow keys go along it, Enter shows a layer", onkeydown: (event) => goAlong(event, drawn, neighbours) }, canvas);
  return { box, nodes: new Map(network.nodes.map((n, i) => [n.id, drawn[i]])), lines };
}

function edgeLine({ points }, fused, [from, to]) {
  const { line, curveBasis } = globalThis.d3;
  const path = line((p) => p.x, (p) => p.y).curve(curveBasis).digits(1)(points);
  return svg("path", { d: path, class: `edge${fused ? " fused" : ""}`, "marker-end": "url(#graph-arrow)", "data-from": from, "data-to": to });
}

// Between two layers that are judged together.
function fusedEdge({ nodes }, cell, from, to) {
  const [a, b] = [nodes[from], nodes[to]];
  return a.kind === "layer" && b.kind === "layer" && (cell?.layers ?? []).some((f) => f.nodes.includes(a.name) && f.nodes.includes(b.name));
}

function graphNode(node, cell, known, href, place) {
  const { own, into } = foundAt(node, cell);
  const worst = worstFinding(own) ?? into;
  const entry = worst && findingEntry(worst, known);
  const said = node.kind === "input" ? "input" : !entry ? "not compared" : into ? `judged together with what follows, at ${into.tensor}` : "";
  const about = [node.type !== node.kind && node.type, sizesText(node.shape)].filter(Boolean).join(" · ");
  const tied = node.tied.length > 0 && `shares weights with ${node.tied.join(", ")}`;
  const verdict = entry ? `${entry.verdict}, error ÷ bound ${ratioText(entry.ratio) || "unknown"}` : "";
  const classes = ["node", node.kind, entry ? `v-${entry.verdict}` : node.kind === "input" ? "" : "uncompared", entry && !entry.ok ? "bad" : "", entry && excused(entry) ? "known" : "", into || worst?.nodes.length > 1 ? "fused" : ""];
  return el("a", { class: classes.filter(Boolean).join(" "), href, tabindex: "-1", "data-node": node.id, "--level": `${levelShare(entry)}%`,
    "--left": `${place.left}px`, "--top": `${place.top}px`, "--wide": `${place.width}px`, "--high": `${place.height}px`,
    title: [`${node.kind} ${node.name}`, about, said || verdict, tied].filter(Boolean).join("\n"), "aria-label": [`${node.kind} ${node.name}`, about, said, verdict, tied].filter(Boolean).join(", ") },
  el("span", { class: "name" }, node.name), el("span", { class: "mark" }, into ? "↓" : entry ? nodeMark(entry) : ""),
  el("span", { class: "about" }, about), tied && el("span", { class: "tied" }, "tied"));
}

const nodeMark = (entry) => `${SIGNS[entry.verdict] ?? entry.verdict} ${NUMBERS.has(entry.verdict) ? (entry.verdict === "nonfinite" ? "NaN/∞" : ratioText(entry.ratio)) : ""}`.trim();

// How blue a node is: each doubling of the error is a step of twelve up to the bound.
const levelShare = (entry) => (!entry || !(entry.ratio > 0) ? 0 : Math.round(100 * Math.min(1, Math.max(0.08, 1 + Math.log2(entry.ratio) / 12))));

// From each node the places of those that the arrow keys lead to.
function stepsOf({ nodes, edges }, graph) {
  const at = nodes.map((_, i) => graph.node(String(i)));
  const nearest = (i, list) => list.sort((a, b) => Math.abs(at[a].x - at[i].x) - Math.abs(at[b].x - at[i].x))[0];
  const beside = (i, sign) => nearest(i, at.map((_, j) => j).filter((j) => Math.abs(at[j].y - at[i].y) < NODE.height && sign * (at[j].x - at[i].x) > 0));
  return nodes.map((_, i) => ({
    ArrowDown: nearest(i, edges.filter(([from]) => from === i).map(([, to]) => to)),
    ArrowUp: nearest(i, edges.filter(([, to]) => to === i).map(([from]) => from)),
    ArrowLeft: beside(i, -1), ArrowRight: beside(i, 1), Home: 0, End: nodes.length - 1,
  }));
}

function goAlong(event, drawn, neighbours) {
  const at = drawn.indexOf(event.target.closest("[data-node]"));
  if (at < 0 || !(event.key in neighbours[at])) return;
  event.preventDefault();
  drawn[neighbours[at][event.key] ?? at].focus();
}

// Marks one node and its lines, and scrolls the box alone so far that it is seen.
function markChosen({ box, nodes, lines }, network, id) {
  const chosen = network.nodes.findIndex((n) => n.id === id);
  for (const [other, node] of nodes) {
    node.tabIndex = other === id ? 0 : -1;
    if (other === id) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
  }
  for (const line of lines) line.classList.toggle("chosen", [line.dataset.from, line.dataset.to].includes(String(chosen)));
  const node = nodes.get(id);
  const beyond = (start, length, scroll, seen) => start < scroll || start + length > scroll + seen;
  if (beyond(node.offsetTop, node.offsetHeight, box.scrollTop, box.clientHeight)) box.scrollTop = node.offsetTop - box.clientHeight / 2;
  if (beyond(node.offsetLeft, node.offsetWidth, box.scrollLeft, box.clientWidth)) box.scrollLeft = node.offsetLeft - box.clientWidth / 2;
}

function graphLegend() {
  const swatch = (attributes, text) => el("li", {}, el("span", { class: `node swatch ${attributes.class}`, "--level": attributes.level ?? "0%", "aria-hidden": "true" }, attributes.mark ?? ""), text);
  return el("ul", { class: "legend", "aria-label": "legend of the graph" },
    swatch({ class: "v-rounding", level: "15%" }, "far inside the bound"), swatch({ class: "v-rounding", level: "100%" }, "near it"), swatch({ class: "v-differs bad", mark: "≠" }, "outside"),
    swatch({ class: "v-differs known", mark: "≠" }, "outside, as expected"), swatch({ class: "uncompared" }, "not compared"), swatch({ class: "fused", mark: "↓" }, "judged together: a runtime makes one step of them"));
}
