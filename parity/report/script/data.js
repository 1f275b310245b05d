// What the page embeds, compressed: the index at once, the rest when it is asked for.

async function unpacked(element) {
  const bytes = Uint8Array.from(atob(element.textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

const opened = new Map();

// JSON of an element, opened once.
function dataOf(id, read = (data) => data) {
  if (!opened.has(id)) opened.set(id, unpacked(document.getElementById(id)).then(JSON.parse).then(read));
  return opened.get(id);
}

// Case id → its record and its cells by column.
const piece = (number) => dataOf(`piece-${number}`, expanded);

// Records of a piece are lists of values, whose names stand once. A cell that is like one of an earlier column says
// only in what it differs. Times are in microseconds.
function expanded({ named, cases }) {
  const record = (values, kind) => Object.fromEntries(values.map((v, i) => [named[kind][i], v]).filter(([, v]) => v !== null));
  const finding = (values) => {
    const found = record(values, "findings");
    return { ...found, metrics: found.metrics ? record(found.metrics, "figures") : null };
  };
  const full = (cell) => {
    const out = { ...cell };
    for (const kind of ["layers", "final"]) if (out[kind]) out[kind] = out[kind].map(finding);
    if (out.probe) out.probe = { ...out.probe, layers: out.probe.layers.map(finding) };
    if (out.certificate) out.certificate = { ...out.certificate, rows: out.certificate.rows.map((r) => record(r, "rows")) };
    if (out.timings) out.timings = Object.fromEntries(Object.entries(record(out.timings, "timings")).map(([k, v]) => [k, v / 1e6]));
    return out;
  };
  const found = {};
  for (const [id, detail] of Object.entries(cases)) {
    const cells = {};
    for (const [number, { same, ...cell }] of Object.entries(detail.cells)) cells[number] = { ...cells[same], ...full(cell) };
    found[id] = { ...detail, cells };
  }
  return found;
}

const libraries = new Map();

// A library by its name, run once. Its text is allowed by its hash in the content policy.
function libraryOf(name) {
  const run = async () => document.head.append(el("script", {}, await unpacked(document.querySelector(`script[data-library="${name}"]`))));
  if (!libraries.has(name)) libraries.set(name, run());
  return libraries.get(name);
}

// Observable Plot, which needs d3 before it.
async function plotLibrary() {
  await libraryOf("d3");
  await libraryOf("plot");
  return globalThis.Plot;
}

// dagre, which lays graphs out; d3 draws their lines.
async function graphLibrary() {
  await libraryOf("d3");
  await libraryOf("dagre");
  return globalThis.dagre;
}

class Index {
  constructor(raw) {
    this.verdicts = raw.verdicts;
    this.rules = raw.rules;
    this.families = raw.families;
    const environments = new Set(raw.columns.map((c) => c.environment));
    this.several = environments.size > 1;
    this.columns = raw.columns.map((c, number) => ({ ...c, ...partsOf(c.target), number, several: this.several, name: this.several ? `${c.target} ${c.environment}` : c.target }));
    this.cases = raw.cases.map((c) => ({ ...c, ...splitId(c.id), cells: c.cells.map((e) => e && this.entry(e)) }));
    this.usual = this.columns.filter((c) => c.precision === USUAL);
    this.merged = this.several ? [...grouped(this.columns, "target").values()].map((members, i) => this.merge(members, this.columns.length + i)) : [];
    for (const c of this.cases) {
      c.words = [c.id, ...c.layers, ...(c.changed ?? []).map(([, text]) => text), ...c.cells.filter((e) => e && e.message).map((e) => e.message)].join(" ").toLowerCase();
    }
    this.byId = new Map(this.cases.map((c) => [c.id, c]));
  }

  entry([verdict, ratio, ok, excuse, message]) {
    return { verdict: this.verdicts[verdict], ratio: toNumber(ratio), ok: ok === 1, expected: excuse === 1, loosened: excuse === 2, message };
  }

  // One column for a target in all environments; a cell is the worst of theirs, as it is there, and says of how many.
  merge(members, number) {
    for (const c of this.cases) {
      const there = members.filter((k) => c.cells[k.number]);
      const worst = worstOf(there.map((k) => c.cells[k.number]), this.verdicts);
      const alike = there.filter((k) => sameKind(c.cells[k.number], worst) && excused(c.cells[k.number]) === excused(worst));
      const from = alike.find((k) => c.cells[k.number].ratio === largest(alike.map((other) => c.cells[other.number]))) ?? alike[0];
      c.cells[number] = worst && { ...worst, environment: from.environment, ratio: c.cells[from.number].ratio, message: c.cells[from.number].message, count: there.length };
    }
    return { ...members[0], number, several: false, name: members[0].target, environment: "", members };
  }
}

// What a target's name leaves out.
const USUAL = "float32";

// chainer@gpu:float16 → {engine, device, precision}
function partsOf(target) {
  const [, engine, device = "cpu", precision = USUAL] = target.match(/^(.*?)(?:@([^@:]*))?(?::(\w+))?$/s) ?? [target, target];
  return { engine, device, precision };
}

// layers/conv2d[stride-2x1] → layers/, conv2d, stride-2x1
function splitId(id) {
  const at = id.indexOf("[");
  const group = at < 0 ? id : id.slice(0, at);
  const slash = group.lastIndexOf("/") + 1;
  return { group, folder: group.slice(0, slash), name: group.slice(slash), variant: at < 0 ? "" : id.slice(at + 1).replace(/\]$/, "") };
}

const largest = (cells) => cells.reduce((most, e) => (e && e.ratio !== null && !(most !== null && most >= e.ratio) ? e.ratio : most), null);
