// The precision view: all cases, or one.

class PrecisionView extends MeasuredView {
  constructor(index, place) {
    super(index, place, "precision");
  }

  async all() {
    const { said, cases, precisions } = this.data;
    const plot = el("div", { class: "plotting" });
    if (cases.length <= 60) plot.append(await lossesPlot(cases, precisions, widthOf(this.place)));
    return [answerBox("Precision", said), el("div", {}, section("Loss by case", plot, leastLine(cases.flatMap((c) => c.rows.filter((r) => r.outputs)))), this.casesTable(cases, precisions))];
  }

  // The worst target of each case in each precision.
  casesTable(cases, precisions) {
    const cell = (c, precision) => {
      const rows = c.rows.filter((r) => r.precision === precision);
      const compared = rows.filter((r) => r.outputs);
      if (!compared.length) return el("td", { class: "muted", title: rows[0]?.message }, rows.length ? "says nothing" : "");
      const top = compared.reduce((a, b) => (severity(b) > severity(a) ? b : a));
      const bad = top.nonfinite || compared.some((r) => r.verdict && !r.ok);
      return number([figure(top.rel_l2, 2), bad && ` ${compared.find((r) => r.verdict && !r.ok)?.verdict ?? "NaN/∞"}`], { class: bad ? "failed" : "", title: lossTitle(top) });
    };
    const size = (c) => unique(c.rows.map((r) => r.bytes?.[1] ?? null).filter((b) => b !== null)).sort((a, b) => b - a).map(sizeText).join(", ");
    const before = (c) => c.rows.map((r) => r.bytes?.[0]).find((b) => b !== undefined && b !== null);
    const rows = cases.map((c) => [el("th", { scope: "row" }, el("a", { href: hashOf({ view: "precision", case: c.id }) }, c.id)), number(before(c) === undefined ? "–" : sizeText(before(c))), number(size(c)), ...precisions.map(([p]) => cell(c, p))]);
    return table(["case", numberHead("weights before"), numberHead("after"), ...precisions.map(([, said]) => numberHead(said, "the largest relative L2 error of any target"))], rows, { class: "narrow" });
  }

  async one(chosen, state) {
    const detail = (await dataOf(`precision-${chosen.piece}`))[chosen.id];
    const width = widthOf(this.place);
    const { precisions } = this.data;
    const size = el("div", { class: "plotting" }, await sizePlot(chosen.rows, precisions, width));
    return [
      this.head(chosen, chosen.said),
      chosen.rows.some((r) => r.other) && el("p", { class: "note" }, "This was measured on another version of the case than its verdicts."),
      chosen.rows.length > 0 && section("Size against loss", size, leastLine(chosen.rows.filter((r) => r.outputs)), this.rowsTable(chosen.rows)),
      await this.layers(chosen, detail, state, width),
      await this.sensitivity(detail, width),
    ];
  }

  rowsTable(rows) {
    const several = this.data.several;
    const argmax = ([changed, of] = []) => (changed === undefined || changed === null ? "–" : `${figure(changed)}${of ? ` of ${figure(of)}` : ""}`);
    const heads = ["target", ...(several ? ["environment"] : []), numberHead("weights, before → after"), numberHead("relative L2", "‖difference‖ ÷ ‖reference‖ of the worst output"),
      numberHead("SNR", "signal to noise: 20 log10 of the inverse of that"), numberHead("PSNR", "peak signal to noise, for pictures"), numberHead("largest class changes", "positions whose largest class is another than the reference's"),
      "largest part", "computed in", "verdict"];
    const body = rows.map((r) => {
      const about = [el("th", { scope: "row" }, r.target), several && el("td", {}, r.environment ?? "")];
      if (!r.outputs) return el("tr", { class: "skipped" }, about, el("td", { colspan: 8 }, r.message ?? "nothing was compared"));
      const seen = r.computed?.seen;
      const other = seen && r.computed.asked && seen !== r.computed.asked;
      const part = r.part ? `${r.part} ${figure(r.parts[r.part], 2)}` : "–";
      return el("tr", {}, about, number((r.bytes?.[1] ?? null) === null ? "–" : `${sizeText(r.bytes[0])} → ${sizeText(r.bytes[1])}`),
        number([figure(r.rel_l2), r.nonfinite ? el("span", { class: "failed" }, ` ${figure(r.nonfinite)} NaN/∞`) : ""]), number(decibels(r.snr_db)), number(decibels(r.psnr_db)), number([argmax(r.argmax), r.decided && ` (${r.decided})`]),
        el("td", {}, part), el("td", { class: other ? "failed" : "", title: r.computed?.why }, seen ? (other ? `${seen}, not ${r.computed.asked}` : seen) : r.engine === "emulation" ? "emulated" : "not known"),
        el("td", { class: r.verdict && !r.ok ? "failed" : "" }, r.verdict ? el("a", { href: caseHash(this.chosenId(r), r, this.index.several) }, r.verdict) : ""));
    });
    return table(heads, body, { class: "narrow" });
  }

  chosenId(row) {
    return this.data.cases.find((c) => c.rows.includes(row)).id;
  }

  async layers(chosen, detail, state, width) {
    const there = detail.losses.filter((l) => l.layers?.length || l.outputs?.length);
    if (!there.length) return "";
    const loss = there.find((l) => l.target === state.target && (!state.environment || l.environment === state.environment)) ?? there[0];
    const items = there.map((l) => ({ text: l.target, note: this.data.several ? l.environment : "", chosen: l === loss, href: hashOf({ view: "precision", case: chosen.id, target: l.target, environment: this.data.several ? l.environment : "" }) }));
    const layers = loss.layers ?? [];
    return section("Loss by layer",
      el("p", { class: "lead" }, "Along the depth: what the rounded weights cost, what rounding the tensors between layers adds, and what the engine's own arithmetic adds. The line is the whole."),
      choices("targets", items), el("p", { class: "said" }, loss.story),
      layers.length > 0 && [el("div", { class: "plotting" }, await layersPlot(layers, width)), rangeLine(layers), el("details", {}, el("summary", {}, `figures of ${layers.length} layers`), lossTable(layers))],
      (loss.outputs ?? []).length > 1 && this.outputs(loss), pictures(loss.pictures, detail.images));
  }

  outputs(loss) {
    const rows = loss.outputs.map((o) => [el("th", { scope: "row" }, o.tensor), number(shapeText(o.shape ?? [])), number(figure(o.rel_l2)), number(decibels(o.snr_db)), number(decibels(o.psnr_db)), number(figure(o.max_abs)), ...PARTS.map(([k]) => number(figure(o.parts?.[k])))]);
    return table(["output", numberHead("shape"), numberHead("relative L2"), numberHead("SNR"), numberHead("PSNR"), numberHead("max |d|"), ...PARTS.map(([k, text]) => numberHead(k, text))], rows, { class: "narrow" });
  }

  async sensitivity(detail, width) {
    const found = [];
    for (const s of detail.sensitivity) {
      const name = this.data.precisions.find(([p]) => p === s.precision)?.[1] ?? s.precision;
      const more = (s.layers ?? []).length - RANKED;
      found.push(section(`Which layers lose most in ${name}`, s.advice?.text && el("p", { class: "said" }, adviceText(s.advice.text)),
        el("p", { class: "lead" }, `Each layer alone in ${name}, all others as they are${s.whole === undefined || s.whole === null ? "" : `; all of them together lose ${figure(s.whole, 2)}`}.`),
        el("div", { class: "plotting" }, await sensitivityPlot(s, width)), more > 0 && el("p", { class: "lead" }, `${more} more lose less.`)));
    }
    return found;
  }
}

const severity = (row) => (odd(lossOf(row)) ? Infinity : lossOf(row));
const decibels = (value) => (value === undefined || value === null ? "–" : `${figure(value)} dB`);
const adviceText = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
