// What a verdict means, in the words that the command line and pytest print too, and the figures beside them.

// A verdict of note is told in full at once; of one that passes, the answer is, and the rest opens.
function storyBox(cell, column) {
  const [[, answer = []] = [], ...sections] = cell.story ?? [];
  const quiet = cell.ok && !cell.expected && !cell.loosened && NUMBERS.has(cell.verdict);
  const tone = !cell.ok ? "bad" : quiet ? "fine" : "note";
  const title = `${cell.verdict} on ${column.name}${cell.expected && cell.ok ? ", as expected" : ""}`;
  const rest = sections.length > 0 && storyList(sections);
  return el("div", { class: `box story ${tone}` },
    el("p", { class: "verdict" }, title),
    el("h3", {}, answer[0] ?? ""),
    answer.slice(1).map((text) => el("p", {}, text)),
    quiet && rest ? el("details", {}, el("summary", {}, "the whole story"), rest) : rest,
    cell.trace && el("details", {}, el("summary", {}, "traceback"), el("pre", {}, cell.trace)));
}

function storyList(sections) {
  return el("dl", {}, sections.map(([title, paragraphs]) => el("div", {}, el("dt", {}, title), el("dd", {}, paragraphs.map((text) => el("p", {}, text))))));
}

const CHANGES = [["0.001", "0.1 %"], ["0.01", "1 %"], ["0.1", "10 %"]];

// What the case would notice; the same for all targets.
function trustSection(record) {
  const told = record.story ?? [];
  const power = record.power;
  if (!told.length && !power?.weights) return "";
  const rows = power?.weights ? CHANGES.filter(([key]) => key in power).map(([key, name]) => powerRow(name, power[key])) : [];
  const [[, first] = [null, []], ...others] = told;
  return section("How far this can be trusted",
    (first ?? []).map((text) => el("p", {}, text)),
    rows.length > 0 && table([numberHead("a weight changed by"), "share of the weights for which that would be noticed"], rows, { class: "power" }),
    deadTable(power),
    others.map(([title, paragraphs]) => [el("h4", { class: "plain" }, title), paragraphs.map((text) => el("p", {}, text))]));
}

function powerRow(name, share) {
  const text = share === 1 ? "100 %" : share > 0.999 ? "> 99.9 %" : `${figure(share * 100, 3)} %`;
  return [el("td", { class: "number" }, name), el("td", {}, el("span", { class: "cell share", "--share": `${(share * 100).toFixed(1)}%` }, el("span", { class: "ratio" }, text)))];
}

function deadTable(power) {
  const dead = Object.entries(power?.dead ?? {});
  if (!dead.length) return null;
  const rows = dead.map(([name, d]) => [el("th", { scope: "row" }, name), el("td", { class: "number" }, `${d.count.toLocaleString("en")} of ${d.of.toLocaleString("en")}`), el("td", {}, (d.first ?? []).map(shapeText).join(" "), d.count > (d.first ?? []).length ? " …" : "")]);
  return el("details", {}, el("summary", {}, `weights that could be 0 without notice, in ${dead.length === 1 ? "one tensor" : `${dead.length} tensors`}`),
    table(["weight", numberHead("elements"), "the first of them"], rows, { class: "narrow" }));
}

// Tolerances that others use, on the same outputs.
function customarySection(cell, names) {
  const rules = (cell.customary ?? []).map(([rule, ok, failing, count, sum]) => ({ rule: names[rule], ok, failing, count, sum }));
  if (!rules.length) return "";
  const ours = ["equal", "rounding"].includes(cell.verdict);
  const verdict = (ok) => el("td", { class: ok ? "" : "failed" }, ok ? "✓ passes" : "✗ fails");
  const rows = rules.map((r) => el("tr", {}, el("th", { scope: "row" }, r.rule),
    r.ok === null ? el("td", { class: "muted" }, "–") : verdict(r.ok),
    el("td", { class: "number" }, r.ok === null ? figure(r.sum) : `${figure(r.failing)} of ${figure(r.count)}`)));
  rows.unshift(el("tr", { class: "chosen" }, el("th", { scope: "row" }, cell.loosened ? "the bounds of this case" : "what rounding explains"), verdict(ours), el("td", { class: "number" }, "")));
  return section("What others would have said",
    el("p", { class: "lead" }, "The tolerances of known tools, relative and absolute, on the same outputs. None of them decides a verdict here."),
    table(["rule", "says", numberHead("elements that fail")], rows, { class: "narrow" }));
}

// Each layer with weights by itself, on inputs that no network feeds it.
function probeSection(cell, column) {
  const found = cell.probe?.layers ?? [];
  if (!found.length) return "";
  const known = Boolean(cell.ok && cell.expected);
  const rows = found.map((f) => [el("th", { scope: "row" }, f.tensor), findingCell(f, `${f.tensor} alone on ${column.name}`, false, known),
    el("td", { class: "worst" }, f.metrics ? worstText(f.metrics) : f.message)]);
  return section("Each layer alone",
    el("p", { class: "lead" }, "On inputs made to reach every weight, also those that the network's own inputs do not."),
    table(["layer", "error ÷ bound", "worst element"], rows, { class: "narrow" }));
}

// The exam's table: opened when it is asked for, since few do.
function examTable(place) {
  if (!place) return;
  place.addEventListener("toggle", async () => {
    if (place.querySelector("table")) return;
    const rows = JSON.parse(await unpacked(document.getElementById("exam-data")));
    const heads = ["mistakes made", "hidden by rounding", "caught", "named", "named at all"].map((h) => numberHead(h));
    place.append(table(["mistake", "known from", ...heads], rows.map(([mistake, kind, ...counts]) => [el("th", { scope: "row" }, mistake), kind, ...counts.map((n) => number(n === null ? "" : figure(n)))])));
  });
}
