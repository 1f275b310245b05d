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

let library = null;

// Observable Plot, which needs d3 before it. Their text is allowed by its hash in the content policy.
function plotLibrary() {
  library ??= (async () => {
    for (const packedSource of document.querySelectorAll("script.library")) {
      document.head.append(el("script", {}, await unpacked(packedSource)));
    }
    return globalThis.Plot;
  })();
  return library;
}

class Index {
  constructor(raw) {
    this.verdicts = raw.verdicts;
    this.rules = raw.rules;
    const environments = new Set(raw.columns.map((c) => c.environment));
    this.several = environments.size > 1;
    this.environments = [...environments].sort();
    this.columns = raw.columns.map((c, number) => ({ ...c, number, several: this.several, precision: precisionOf(c.target), name: this.several ? `${c.target} ${c.environment}` : c.target }));
    this.cases = raw.cases.map((c) => ({ ...c, ...splitId(c.id), cells: c.cells.map((e) => e && this.entry(e)) }));
    this.usual = this.columns.filter((c) => c.precision === USUAL);
    for (const c of this.cases) {
      c.words = [c.id, ...c.layers, ...c.cells.filter((e) => e && e.message).map((e) => e.message)].join(" ").toLowerCase();
    }
    this.byId = new Map(this.cases.map((c) => [c.id, c]));
  }

  entry([verdict, ratio, ok, excuse, message]) {
    return { verdict: this.verdicts[verdict], ratio: toNumber(ratio), ok: ok === 1, expected: excuse === 1, loosened: excuse === 2, message };
  }

  column(target, environment) {
    return this.columns.find((c) => c.target === target && (!environment || c.environment === environment));
  }
}

// What a target's name leaves out.
const USUAL = "float32";
const precisionOf = (target) => target.match(/@[^@:]*:(\w+)$/)?.[1] ?? USUAL;

// layers/conv2d[stride-2x1] → layers/, conv2d, stride-2x1
function splitId(id) {
  const at = id.indexOf("[");
  const group = at < 0 ? id : id.slice(0, at);
  const slash = group.lastIndexOf("/") + 1;
  return { group, folder: group.slice(0, slash), name: group.slice(slash), variant: at < 0 ? "" : id.slice(at + 1).replace(/\]$/, "") };
}

const largest = (cells) => cells.reduce((most, e) => (e && e.ratio !== null && !(most !== null && most >= e.ratio) ? e.ratio : most), null);
