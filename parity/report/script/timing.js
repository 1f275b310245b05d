// The timing view: all cases, or one.

class TimingView extends MeasuredView {
  constructor(index, place) {
    super(index, place, "timing");
  }

  engines() {
    return unique(this.data.cases.flatMap((c) => c.rows.map((r) => r.engine))).sort();
  }

  async all() {
    const { said, cases, several } = this.data;
    const rows = cases.flatMap((c) => usualSetting(c.rows).map((r) => ({ ...r, case: c.id })));
    const plot = cases.length <= 60 ? await ratioPlot(rows, this.engines(), (r) => r.case, widthOf(this.place), false) : "";
    return [answerBox("Timing", said), el("div", {}, plot && section("Times as fast as the baseline", el("p", { class: "lead" }, "Filled: decided. Hollow: the interval holds 1, so nothing is decided."), el("div", { class: "plotting" }, plot)),
      section("A call", allTimes(cases, several)))];
  }

  async one(chosen, state) {
    const { several } = this.data;
    const engines = this.engines();
    const width = widthOf(this.place);
    const found = settings(chosen.rows);
    const usual = found.find((s) => s.rows === usualSetting(chosen.rows)) ?? found.reduce((a, b) => (b.rows.length > a.rows.length ? b : a));
    const setting = (state.threads || state.batch) ? found.find((s) => String(s.threads ?? "") === state.threads && String(s.batch ?? "") === state.batch) ?? usual : usual;
    const { rows } = setting;
    const items = found.map((s) => ({ text: settingText(s), chosen: s === setting, href: hashOf({ view: "timing", case: chosen.id, threads: s.threads, batch: s.batch }) }));
    const ratio = await ratioPlot(byEngine(rows), engines, labelOf(several), width);
    const first = await firstPlot(rows, several, width);
    const busy = rows.filter((r) => r.busy);
    const plotted = (title, lead, plot) => plot && section(title, el("p", { class: "lead" }, lead), el("div", { class: "plotting" }, plot));
    return [
      this.head(chosen),
      chosen.rows.some((r) => r.other) && el("p", { class: "note" }, "This was timed on another version of the case than its verdicts."),
      choices("threads and batch", items),
      busy.length > 0 && el("p", { class: "note" }, `The machine was busy with other work: load average ${figure(Math.max(...busy.map((r) => toNumber(r.load[0]))), 2)} when it began.`),
      plotted("A call", "The median of many calls, after the first; the CPU in full colour, the GPU beside it in a lighter shade.", await callsPlot(rows, engines, several, width)),
      plotted("Times as fast as the baseline", "With the interval of the ratio. Only what leaves 1 out is called faster or slower.", ratio),
      plotted("Once", "Building the model and its first call, which may compile; these are no part of the times above.", first),
      section("Figures", timesTable(byEngine(rows), several, (r) => caseHash(chosen.id, r, this.index.several))),
      ...await this.sweeps(chosen.rows, setting, engines, width),
    ];
  }

  // Curves where more than one batch, or number of threads, was timed.
  async sweeps(rows, setting, engines, width) {
    const found = [];
    for (const [key, other, title] of [["batch", "threads", "Over the batch"], ["threads", "batch", "Over the threads"]]) {
      const there = rows.filter((r) => r.median > 0 && r[key] && (r[other] ?? "") === (setting[other] ?? ""));
      if (unique(there.map((r) => r[key])).length < 2) continue;
      const plots = [await sweepPlot(there, key, "time", engines, this.data.several, Math.max(480, width / 2 - 12))];
      if (there.some((r) => r.batch)) plots.push(await sweepPlot(there, key, "rate", engines, this.data.several, Math.max(480, width / 2 - 12)));
      const at = setting[other] ? ` Here with ${other === "batch" ? `batch ${setting.batch}` : settingText({ threads: setting.threads })}.` : "";
      found.push(section(title, el("p", { class: "lead" }, `Both axes are logarithmic.${at}`), el("div", { class: "plotting beside" }, plots)));
    }
    return found;
  }
}
