// One verdict, as the matrix and the table of layers show it: sign, figure, bar, colour; never colour alone.

const SIGNS = { equal: "=", rounding: "≈", differs: "≠", nonfinite: "≠", shape: "shape", missing: "missing", timeout: "timeout", crashed: "crashed", unsupported: "n/a", skipped: "skipped" };
const MEANING = {
  equal: "bit for bit the rounded reference", rounding: "inside what rounding explains", differs: "more than rounding explains",
  nonfinite: "finite on one side only", shape: "another shape", missing: "nothing to compare", timeout: "took too long", crashed: "failed to run",
  unsupported: "this target cannot say it", skipped: "not run here",
};
const NUMBERS = new Set(["equal", "rounding", "differs", "nonfinite"]);
const FAILED = new Set(["differs", "nonfinite", "shape", "missing", "timeout", "crashed"]);

// What a cell is counted by: its verdict, or that its case expects the failure or loosens a bound.
const kindOf = (entry) => (entry.ok && entry.expected ? "known" : entry.ok && entry.loosened ? "loosened" : entry.verdict);
const sameKind = (a, b) => a.verdict === b.verdict && a.ok === b.ok;
const excused = (entry) => entry.ok && (entry.expected || entry.loosened);

// entry: {verdict, ratio, ok, expected}
function cellContent(entry) {
  const numeric = NUMBERS.has(entry.verdict);
  return [
    el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[entry.verdict] ?? entry.verdict),
    spoken(`${entry.verdict} `),
    numeric && el("span", { class: "ratio" }, entry.verdict === "nonfinite" ? "NaN/∞" : ratioText(entry.ratio)),
    entry.expected && el("span", { class: "expected", title: "a known failure" }, entry.ok ? "known" : "unexpected"),
    entry.loosened && el("span", { class: "expected", title: "a bound is loosened, with a reason" }, "loosened"),
  ];
}

function cellAttributes(entry) {
  const share = entry.ratio === null ? 0 : Math.min(1, entry.ratio);
  return { class: `cell v-${entry.verdict}${entry.ok ? "" : " bad"}${excused(entry) ? " known" : ""}`, "--share": `${(share * 100).toFixed(1)}%` };
}

function cellTitle(entry, where) {
  const parts = [where, `${entry.verdict}: ${MEANING[entry.verdict] ?? ""}`];
  if (entry.ratio !== null) parts.push(`error ÷ bound ${figure(entry.ratio)}`);
  if (entry.expected) parts.push(entry.ok ? "expected, with a reason" : "not what was expected");
  if (entry.loosened) parts.push("within a bound that the case loosens, with a reason");
  if (entry.message) parts.push(entry.message);
  return parts.join("\n");
}

// Beside the name of a case that would not notice much.
function weakSign(count, of) {
  const what = of === 1 ? "weak: many of its weights could be wrong without notice" : `${count} of ${of} are weak: many of their weights could be wrong without notice`;
  return el("span", { class: "weak", title: `${what}, so agreement proves little` }, of === 1 ? "weak" : `${count} weak`);
}

// What environments found differently on these columns: [target, sentence].
const changedOn = (c, columns) => (c.changed ?? []).filter(([target]) => columns.some((k) => k.target === target));

// Beside the name of a case whose result is not the same in all environments.
function changedSign(cases, columns) {
  const said = cases.flatMap((c) => changedOn(c, columns)).map(([, text]) => text);
  if (!said.length) return null;
  const most = 12;
  const text = [...said.slice(0, most), ...(said.length > most ? [`and ${said.length - most} more`] : [])].join("\n");
  return el("span", { class: "weak changed", title: text }, "changed");
}

// The worst of many, for a folded group: failures first, then known ones, then the largest error.
function worstOf(entries, order) {
  const there = entries.filter(Boolean);
  if (!there.length) return null;
  const bad = there.filter((e) => !e.ok);
  const known = there.filter(excused);
  const numeric = there.filter((e) => NUMBERS.has(e.verdict));
  const from = [bad, known, numeric, there].find((some) => some.length);
  const verdict = from.reduce((v, e) => (order.indexOf(e.verdict) > order.indexOf(v) ? e.verdict : v), from[0].verdict);
  return { verdict, ratio: largest(from), ok: !bad.length, expected: from === known && known.some((e) => e.expected), loosened: from === known && !known.some((e) => e.expected), message: "", marked: from === bad || from === known ? from.length : 0, of: there.length };
}

function legend() {
  const swatch = (entry, text) => el("li", {}, el("span", { ...cellAttributes(entry), "aria-hidden": "true" }, cellContent(entry)), text);
  const known = { ok: true, expected: false };
  return el("ul", { class: "legend", "aria-label": "legend" },
    swatch({ ...known, verdict: "equal", ratio: 0.1 }, "bit for bit"),
    swatch({ ...known, verdict: "rounding", ratio: 0.5 }, "error ÷ bound: half of what rounding explains"),
    swatch({ ...known, ok: false, verdict: "differs", ratio: 40 }, "more than that"),
    swatch({ ...known, expected: true, verdict: "differs", ratio: 40 }, "expected by the case, with a reason"),
    swatch({ ...known, loosened: true, verdict: "rounding", ratio: 0.5 }, "within a bound that the case loosens"),
    swatch({ ...known, verdict: "unsupported", ratio: null }, "says nothing"));
}

// chainer, and under it @cpu and the environment where there are several.
function columnName(column) {
  const at = column.target.indexOf("@");
  const [engine, rest] = at < 0 ? [column.target, ""] : [column.target.slice(0, at), column.target.slice(at)];
  return [el("span", { class: "engine" }, engine), el("span", { class: "device" }, rest), column.several && el("span", { class: "device" }, column.environment)];
}
