// The network of a case as a graph: its inputs, layers and outputs, what reads what, and what was found at each.

// Nodes in the order of the case: {id, kind, name, type, tensors, shape, layer}; edges are pairs of places in that list.
function graphOf(record) {
  const nodes = Object.entries(record.inputs ?? {}).map(([name, [shape]]) => ({ id: name, kind: "input", name, type: "input", tensors: [name], shape }));
  for (const layer of record.layers ?? []) {
    const tensors = Object.keys(layer.shapes);
    nodes.push({ id: layer.name, kind: "layer", name: layer.name, type: layer.layer, tensors, shape: layer.shapes[tensors[0]], layer });
  }
  const shapes = new Map(nodes.flatMap((n) => n.tensors.map((t) => [t, n.layer ? n.layer.shapes[t] : n.shape])));
  const maker = new Map(nodes.flatMap((n, i) => n.tensors.map((t) => [t, i])));
  const edges = new Map();
  const join = (tensor, to) => maker.has(tensor) && edges.set(`${maker.get(tensor)} ${to}`, [maker.get(tensor), to]);
  nodes.forEach((n, i) => n.layer?.from.forEach((tensor) => join(tensor, i)));
  for (const tensor of record.outputs ?? []) {
    join(tensor, nodes.length);
    nodes.push({ id: `output:${tensor}`, kind: "output", name: tensor, type: "output", tensors: [tensor], shape: shapes.get(tensor) });
  }
  for (const node of nodes) node.tied = tiedOf(node, nodes);
  return { nodes, edges: [...edges.values()], shapes };
}

// Names of the other layers that use a weight of this one.
function tiedOf(node, nodes) {
  const own = new Set(weightNames(node));
  return own.size ? nodes.filter((n) => n !== node && weightNames(n).some((w) => own.has(w))).map((n) => n.name) : [];
}

const weightNames = (node) => Object.values(node.layer?.weights ?? {}).map((w) => w.name);

// What was found at a node on one target: its own findings, or the one of the stretch that the runtime fuses it into.
function foundAt(node, cell) {
  if (node.kind === "input") return { own: [], into: null };
  const own = ((node.kind === "output" ? cell?.final : cell?.layers) ?? []).filter((f) => node.tensors.includes(f.tensor));
  const into = own.length || node.kind === "output" ? null : (cell?.layers ?? []).find((f) => f.nodes.includes(node.name)) ?? null;
  return { own, into };
}

const ratioOf = (finding) => toNumber(finding.metrics?.bound_ratio);

// What fails comes first, without a figure before any figure, then the largest error.
function gravity(finding) {
  const ratio = ratioOf(finding);
  const size = ratio === null || Number.isNaN(ratio) ? (FAILED.has(finding.verdict) ? Infinity : -1) : ratio;
  return [FAILED.has(finding.verdict) ? 1 : 0, size];
}

function worstFinding(findings) {
  const worse = (a, b) => {
    const [[failsA, sizeA], [failsB, sizeB]] = [gravity(a), gravity(b)];
    return failsA !== failsB ? failsA > failsB : sizeA > sizeB;
  };
  return findings.reduce((worst, f) => (worst === null || worse(f, worst) ? f : worst), null);
}

// Shown before anything is chosen: the worst failing layer, else a failing output, else the largest error of a layer.
function firstShown(network, cell) {
  const found = (kind) => network.nodes.filter((n) => n.kind === kind).map((node) => ({ node, finding: worstFinding(foundAt(node, cell).own) })).filter((f) => f.finding);
  const [layers, outputs] = [found("layer"), found("output")];
  const fails = (list) => list.filter((f) => FAILED.has(f.finding.verdict));
  const from = [fails(layers), fails(outputs), layers, outputs].find((list) => list.length);
  if (!from) return network.nodes.find((n) => n.kind === "layer") ?? network.nodes[0];
  const worst = worstFinding(from.map((f) => f.finding));
  return from.find((f) => f.finding === worst).node;
}
