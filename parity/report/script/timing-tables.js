// Tables of times: of one case, and of all.

function timesTable(rows, several, link) {
  const heads = ["target", ...(several ? ["environment"] : []), numberHead("a call", "median"), numberHead("quartiles"), numberHead("times as fast", "as the baseline, with the interval"), "says", "verdict", numberHead("first: build"), numberHead("first: call"),
    numberHead("samples", "calls timed, in so many rounds and of so many builds of the model"), numberHead("threads"), "cores", numberHead("batch"), numberHead("peak memory", "of the process, and what it had before; on a GPU, of the GPU"), numberHead("operations a second"), numberHead("of the machine", "share of the machine's rate of matrix products")];
  const body = rows.map((r) => {
    const about = [el("th", { scope: "row" }, r.target), several && el("td", {}, r.environment ?? "")];
    const wrong = el("td", { class: r.failed ? "failed" : "" }, r.verdict ? el("a", { href: link(r) }, r.verdict) : "");
    if (r.median === undefined) return el("tr", { class: "skipped" }, about, el("td", { colspan: 14 }, `not timed: ${r.message ?? "no reason given"}`));
    const share = r.rate && r.machine_rate ? `${figure((100 * r.rate) / r.machine_rate, 2)} %` : "–";
    const wanted = r.interval?.[2] === false ? `, the interval asked for (± ${figure(100 * r.interval[1], 2)} %) was not reached` : "";
    return el("tr", { class: r.says === "baseline" ? "chosen" : "" }, about, number(timeText(r.median)), number(r.q1 === undefined ? "–" : `${timeText(r.q1)} … ${timeText(r.q3)}`),
      number(r.says === "baseline" ? "1" : r.speed ? r.times : "–", { title: r.interval?.[0] ? `${figure(100 * r.interval[0])} % confidence${wanted}` : null }), el("td", {}, r.says ?? "", wanted && r.says !== "baseline" && el("span", { class: "muted", title: wanted.slice(2) }, " *")), wrong,
      number(timeText(r.build)), number(timeText(r.call)), number([figure(r.samples), r.rounds !== undefined && el("span", { class: "muted" }, ` in ${figure(r.rounds)} ${r.rounds === 1 ? "round" : "rounds"}, ${figure(r.builds)} ${r.builds === 1 ? "build" : "builds"}`)]), number(figure(r.threads)), el("td", {}, coresText(r.cores)), number(r.batch ? figure(r.batch) : "–"),
      memoryCell(r), number(rateText(r.rate, "")), number(share));
  });
  return [table(heads, body, { class: "narrow" }), rows.some((r) => r.interval?.[2] === false) && el("p", { class: "lead" }, "* the interval asked for was not reached.")];
}

// Of the device: a GPU's own, where its framework tells, and what the process had in a tip.
function memoryCell({ device, memory = [] }) {
  const [before, peak, own] = memory;
  if (device === "gpu") return number(own ? sizeText(own) : "–", { title: peak ? `${sizeText(peak)} in the host's memory` : null });
  return number(peak ? sizeText(peak) : "–", { title: before ? `${sizeText(before)} before` : null });
}

// 0–3 rather than 0, 1, 2, 3.
function coresText(cores = []) {
  const runs = [];
  for (const c of [...cores].sort((a, b) => a - b)) {
    if (runs.length && runs.at(-1)[1] === c - 1) runs.at(-1)[1] = c;
    else runs.push([c, c]);
  }
  return runs.map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`)).join(", ");
}

// Cases × targets: the median, and what is decided of it.
function allTimes(cases, several) {
  const name = labelOf(several);
  const columns = unique(cases.flatMap((c) => usualRows(c).map(name))).sort();
  const sign = { faster: "▲", slower: "▼", undecided: "?", baseline: "" };
  const cell = (r) => {
    if (!r) return el("td", { class: "blank" });
    if (r.median === undefined) return el("td", { class: "muted", title: r.message }, "not timed");
    const compared = r.times && r.times.replace(/ \(.*/, "");
    return number([timeText(r.median), compared && el("span", { class: "muted" }, ` ${sign[r.says] ?? ""} ${compared}`), spoken(` ${r.says ?? ""}`), r.failed && el("span", { class: "failed" }, ` ${r.verdict}`)], { title: timeTitle(r) });
  };
  const rows = cases.map((c) => {
    const shown = usualRows(c);
    return [el("th", { scope: "row" }, el("a", { href: hashOf({ view: "timing", case: c.id }) }, c.id)), ...columns.map((n) => cell(shown.find((r) => name(r) === n)))];
  });
  return [table(["case", ...columns.map((n) => numberHead(n))], rows, { class: "narrow" }), el("p", { class: "lead" }, "▲ faster and ▼ slower than the baseline by an interval that leaves 1 out; ? undecided.")];
}

// Settings (threads and batch; 0 where none is set) that were timed.
const settingOf = (r) => [r.threads ?? 0, r.batch ?? 0];
const alike = (a, b) => a[0] === b[0] && a[1] === b[1];

function settings(rows) {
  const found = new Map(rows.map((r) => [settingOf(r).join(" "), settingOf(r)]));
  return [...found.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

const settingText = ([threads, batch]) => [threads && `${threads} ${threads === 1 ? "thread" : "threads"}`, batch && `batch ${batch}`].filter(Boolean).join(", ") || "as it is";
const usualRows = (c) => c.rows.filter((r) => alike(settingOf(r), c.usual));
