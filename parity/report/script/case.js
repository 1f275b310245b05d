// The page of one case.

// What a reader wants to see first: a failure, a known one, else the first column.
function firstOf(columns, known) {
  const entry = (c) => known.cells[c.number];
  const usual = columns.filter((c) => c.precision === USUAL);
  return usual.find((c) => !entry(c).ok) ?? columns.find((c) => !entry(c).ok) ?? columns.find((c) => entry(c).expected) ?? columns[0];
}

// What the address asks for; where it names no environment, or one that is not there, the first to see of the target.
function chosenOf(columns, known, { target, environment }) {
  const own = target ? columns.filter((c) => c.target === target) : columns;
  const there = own.filter((c) => !environment || c.environment === environment);
  return firstOf([there, own, columns].find((list) => list.length) ?? [], known);
}

// A link that leads to what is not here says so, since something else is shown.
function otherBox({ target, environment }, chosen) {
  if (!chosen || ((!target || chosen.target === target) && (!environment || chosen.environment === environment))) return "";
  const asked = [target, environment].filter(Boolean).join(" in ");
  return el("p", { class: "box note", role: "status" }, `These results have no verdict of ${asked} on this case; this is ${chosen.target} in ${chosen.environment}.`);
}

// Of the chosen column's precision, or its engine in the usual one.
const comparable = (c, chosen) => !chosen || c.precision === chosen.precision || (c.precision === USUAL && chosen.target.startsWith(c.target));

// With many environments: the chosen column's target in all of them, and all targets in its environment.
const fewOf = (columns, chosen) => (columns.length <= 10 ? columns : columns.filter((c) => c.target === chosen.target || c.environment === chosen.environment));

class CaseView {
  constructor(index, place) {
    this.index = index;
    this.place = place;
    this.turn = 0;
  }

  async show(state) {
    const known = this.index.byId.get(state.case);
    const shown = JSON.stringify([state.case, state.target, state.environment]);
    if (shown === this.shown) return this.network.choose(state.layer); // only another layer of what is there already
    this.shown = null;
    const turn = ++this.turn;
    if (!known) {
      this.place.replaceChildren(el("p", { class: "box bad" }, `These results have no case called ${state.case}.`), el("p", {}, el("a", { href: "#", "data-key": "Escape", onclick: back }, "← all cases")));
      return;
    }
    const detail = (await piece(known.piece))[known.id];
    if (turn !== this.turn) return; // another case was opened meanwhile
    const columns = this.index.columns.filter((c) => known.cells[c.number]);
    const chosen = chosenOf(columns, known, state);
    const plot = el("div", { class: "plotting" });
    const alike = columns.filter((c) => comparable(c, chosen));
    const narrow = fewOf(alike, chosen);
    const network = new NetworkView(this.index, known, detail, chosen, alike);
    const spreads = el("div", {});
    const measured = detail.measured?.length ? section("Precision and timing", measuredLine(known.id, detail.measured)) : "";
    this.place.replaceChildren(...[
      this.navigation(known, state.target ? chosen : null), this.heading(known, detail.case), otherBox(state, chosen),
      changedBox(known.changed),
      this.tabs(known, columns.filter((c) => c.precision === USUAL), chosen, "targets"),
      this.otherTabs(known, columns.filter((c) => c.precision !== USUAL), chosen),
      chosen ? storyBox(detail.cells[chosen.number], chosen) : el("p", { class: "box note" }, "This case has no verdict in these results."),
      network.element,
      section("Error ÷ bound along the depth", plot),
      section("Layers", el("p", { class: "lead" }, "Each layer is judged on the inputs that the framework itself gave it, so an error shows where it arises."), layersTable(detail, narrow, chosen)),
      section("Outputs", el("p", { class: "lead" }, "From a run without taps, as a user has it, against the float64 reference."), outputTables(detail, narrow, chosen), spreads),
      beforeTable(detail, narrow, chosen) ?? "",
      measured,
      trustSection(detail.case),
      ...(chosen ? this.target(known, detail, chosen) : [])].filter(Boolean));
    Object.assign(this, { shown, network });
    const width = Math.max(560, Math.min(1160, this.place.clientWidth || 1100));
    await network.draw(state.layer);
    plot.append(await depthPlot(detail, narrow, chosen?.name, width));
    spreads.append(...await outputSpreads(detail, narrow, width));
    if (measured) measured.append(...await measuredFigures(known.id, detail.measured, width));
    document.documentElement.dataset.case = known.id;
  }

  navigation(known, column) {
    const { cases } = this.index;
    const at = cases.indexOf(known);
    const step = (to, text, key) => (cases[to] ? el("a", { href: caseHash(cases[to].id, column, this.index.several), title: `${cases[to].id} (${key})`, "data-key": key }, text) : el("span", { class: "muted" }, text));
    return el("nav", { class: "crumbs", "aria-label": "cases" }, el("a", { href: "#", "data-key": "Escape", onclick: back }, "← all cases"), el("span", {}, step(at - 1, "‹ previous", "p"), step(at + 1, "next ›", "n")));
  }

  heading(known, record) {
    const inputs = Object.entries(record.inputs ?? {}).map(([name, [shape, dtype]]) => `${name} ${shapeText(shape)} ${dtype}`);
    const pairs = [["inputs", inputs.join(", ")], ["outputs", (record.outputs ?? []).join(", ")], ["parameters", record.parameters?.toLocaleString("en") ?? ""], ["file", record.file ?? ""]];
    if (record.hash) pairs.push(["hash of inputs, weights", `${record.hash.inputs}, ${record.hash.weights}`]);
    const expect = record.expect ?? [];
    return el("header", { class: "title" },
      el("h2", {}, el("span", { class: "folder" }, known.folder), known.name, known.variant && el("span", { class: "variant" }, el("wbr"), `[${known.variant}]`)),
      el("p", { class: "description" }, record.description ?? ""),
      pairsList(pairs),
      expect.length > 0 && el("details", { class: "expectations" }, el("summary", {}, `${expect.length} expected ${expect.length === 1 ? "failure" : "failures"}`),
        el("ul", {}, expect.map((e) => el("li", {}, el("b", {}, `${e.verdict} on ${e.target}`), e.case === "*" ? ": " : ` for ${e.case}: `, e.reason)))));
  }

  tabs(known, columns, chosen, label) {
    if (!columns.length) return "";
    const link = (c) => [{ href: caseHash(known.id, c, this.index.several), title: cellTitle(known.cells[c.number], c.name) }, el("span", cellAttributes(known.cells[c.number]), cellContent(known.cells[c.number]))];
    return sideBySide(columns, chosen, label, link);
  }

  otherTabs(known, columns, chosen) {
    const failed = columns.filter((c) => !known.cells[c.number].ok).length;
    const text = `${columns.length} in other precisions${failed ? `, ${failed} of them ${failed === 1 ? "fails" : "fail"}` : ""}`;
    return columns.length > 0 && el("details", { class: "more-tabs", open: failed > 0 || columns.includes(chosen) }, el("summary", { class: failed ? "failed" : "" }, text), this.tabs(known, columns, chosen, "targets in other precisions"));
  }

  target(known, detail, column) {
    const cell = detail.cells[column.number];
    return [
      el("h2", { class: "on" }, column.name),
      customarySection(cell, this.index.rules), probeSection(cell, column),
      section("Reproduce", commands(known.id, detail.case.file, column, cell)),
      section("Copy certificate", certificateTable(cell)),
      el("div", { class: "pair" }, section("Facts", factsList(cell, column)), section("Timings", timingsList(cell))),
    ];
  }
}

let leftFrom = "";

// Back to the matrix as it was left, filter and all.
function back(event) {
  if (!leftFrom) return;
  event.preventDefault();
  location.hash = leftFrom;
}
