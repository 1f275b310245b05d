// The network of a case as a graph, and beside it the layer that is chosen, which stands in the address.

class NetworkView {
  // known: the case in the index; column: the chosen target; columns: those to compare with.
  constructor(index, known, detail, column, columns) {
    Object.assign(this, { index, known, detail, column, columns, turn: 0 });
    this.cell = column && detail.cells[column.number];
    this.excused = Boolean(this.cell?.ok && this.cell.expected);
    this.network = graphOf(detail.case);
    this.graphPlace = el("div", { class: "graph-place" });
    this.panel = el("div", { class: "chosen-layer", role: "region", "aria-label": "the chosen layer" });
    this.element = this.network.nodes.length ? section("The network", el("p", { class: "lead" }, "Coloured by error ÷ bound. Choose a layer to see how it errs, and where."), graphLegend(), el("div", { class: "network" }, this.graphPlace, this.panel)) : "";
  }

  href(node, column = this.column) {
    return caseHash(this.known.id, column, this.index.several, node.id);
  }

  async draw(asked) {
    if (!this.element) return;
    this.graph = await drawGraph(this.network, this.cell, this.excused, (node) => this.href(node));
    this.graph.box.addEventListener("click", (event) => this.clicked(event));
    this.graphPlace.replaceChildren(this.graph.box);
    await this.choose(asked);
  }

  // Going from layer to layer leaves no trail of steps to go back through.
  clicked(event) {
    const link = event.target.closest("[data-node]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    location.replace(link.getAttribute("href"));
  }

  // Shows the node of this name, or what a reader wants to see first.
  async choose(asked) {
    if (!this.graph) return;
    const turn = ++this.turn;
    const found = this.network.nodes.find((n) => n.id === asked);
    const node = found ?? firstShown(this.network, this.cell);
    markChosen(this.graph, this.network, node.id);
    const content = await this.shown(node);
    if (turn !== this.turn) return; // another was chosen meanwhile
    this.panel.dataset.layer = node.id;
    const other = asked && !found && el("p", { role: "status" }, `This network has no layer called ${asked}; this is ${node.name}.`);
    this.panel.replaceChildren(...[other, content].flat(Infinity).filter(Boolean));
  }

  async shown(node) {
    const { own, into } = foundAt(node, this.cell);
    const first = worstFinding(own) ?? into;
    const width = Math.max(280, Math.min(620, this.panel.clientWidth || 560));
    const parts = [layerHead(node, this.cell, into ?? (own.find((f) => f.nodes.length > 1) || null), this.network.shapes)];
    if (node.kind !== "input") parts.push(acrossList(first?.tensor ?? node.tensors[0], node.kind, this.detail, this.columns, this.column, (c) => this.href(node, c)));
    for (const finding of own.length ? [first, ...own.filter((f) => f !== first)] : into ? [into] : []) {
      const content = await findingPart(finding, this.network.shapes.get(finding.tensor), this.detail.case, this.others(finding.tensor, node.kind), width);
      const entry = findingEntry(finding, this.excused);
      parts.push(finding === first ? content : el("details", {}, el("summary", {}, `${finding.tensor} ${nodeMark(entry)}`), content.flat(Infinity).filter(Boolean)));
    }
    return parts;
  }

  others(tensor, kind) {
    return spreadRows(tensor, kind, this.detail, this.columns.filter((c) => c !== this.column));
  }
}
