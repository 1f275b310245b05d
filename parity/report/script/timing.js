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
    const rows = cases.flatMap((c) => usualRows(c).map((r) => ({ ...r, case: c.id })));
    const plot = cases.length <= 60 ? await ratioPlot(rows, this.engines(), (r) => r.case, widthOf(this.place), false) : "";
    return [answerBox("Timing", said), el("div", {}, plot && section("Times as fast as the baseline", el("p", { class: "lead" }, "Filled: decided. Hollow: the interval holds 1, so nothing is decided."), el("div", { class: "plotting" }, plot)),
      section("A call", allTimes(cases, several)))];
  }

  async one(chosen, state) {
    const { several } = this.data;
    const engines = this.engines();
    const width = widthOf(this.place);
    const found = settings(chosen.rows);
    const asked = [Number(state.threads), Number(state.batch)];
    const setting = found.find((s) => alike(s, asked)) ?? chosen.usual;
    const rows = chosen.rows.filter((r) => alike(settingOf(r), setting));
    const said = chosen.said.filter((s) => alike(s, setting)).map(([, , text]) => text);
    const items = found.map((s) => ({ text: settingText(s), chosen: alike(s, setting), href: hashOf({ view: "timing", case: chosen.id, threads: s[0], batch: s[1] }) }));
    const ratio = await ratioPlot(byEngine(rows), engines, labelOf(several), width);
    const first = await firstPlot(rows, several, width);
    const plotted = (title, lead, plot) => plot && section(title, el("p", { class: "lead" }, lead), el("div", { class: "plotting" }, plot));
    return [
      this.head(chosen, said),
      chosen.rows.some((r) => r.other) && el("p", { class: "note" }, "This was timed on another version of the case than its verdicts."),
      choices("threads and batch", items),
      chosen.warnings.map((text) => el("p", { class: "note" }, text)),
      plotted("A call", "The median of many calls, after the first; the CPU in full colour, the GPU beside it in a paler one.", await callsPlot(rows, engines, several, width)),
      plotted("Times as fast as the baseline", "With the interval of the ratio. Only what leaves 1 out is called faster or slower.", ratio),
      plotted("Once", "Building the model and its first call, which may compile; these are no part of the times above.", first),
      section("Figures", timesTable(byEngine(rows), several, (r) => caseHash(chosen.id, r, this.index.several))),
      ...await this.sweeps(chosen.rows, setting, engines, width),
    ];
  }

  // Curves where more than one batch, or number of threads, was timed.
  async sweeps(rows, setting, engines, width) {
    const found = [];
    for (const [key, other, title] of [["batch", 0, "Over the batch"], ["threads", 1, "Over the threads"]]) {
      const there = rows.filter((r) => r.median > 0 && r[key] && settingOf(r)[other] === setting[other]);
      if (unique(there.map((r) => r[key])).length < 2) continue;
      const plots = [await sweepPlot(there, key, "time", engines, this.data.several, Math.max(480, width / 2 - 12))];
      if (there.some((r) => r.batch)) plots.push(await sweepPlot(there, key, "rate", engines, this.data.several, Math.max(480, width / 2 - 12)));
      const at = setting[other] ? ` Here with ${settingText(other ? [0, setting[1]] : [setting[0], 0])}.` : "";
      found.push(section(title, el("p", { class: "lead" }, `Both axes are logarithmic.${at}`), el("div", { class: "plotting beside" }, plots)));
    }
    return found;
  }
}
