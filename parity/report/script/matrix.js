// Cases × targets. Sweeps are folded into one row a file; a row of a file with failures shows those.

class Matrix {
  constructor(index, place) {
    this.index = index;
    this.place = place;
    this.folds = new Map(); // group → "closed" | "failing" | "open", where the reader chose
    this.drawn = new Map(); // group → its rows, those that are drawn
    this.body = el("tbody", { onkeydown: (e) => this.move(e), onfocusin: (e) => this.rove(e.target) });
    this.rowsOf = new Rows(this.body);
    this.head = el("thead");
    this.found = el("p", { class: "found", role: "status" });
    this.filters = new Filters(index, (part) => this.change(part));
    this.all = el("button", { type: "button", onclick: () => { this.folds.clear(); this.change({ rows: this.state.rows === "all" ? "" : "all" }); } });
    this.table = el("table", {}, this.head, this.body);
    place.replaceChildren(el("div", { class: "toolbar" }, this.filters.nodes, this.all, this.found), legend(), el("div", { class: "scroll" }, this.table));
  }

  change(part) {
    replaceState({ ...readState(), ...part });
  }

  render(state) {
    if (this.state && hashOf(this.state) === hashOf(state)) return; // as it was left, down to the rows that were scrolled to
    this.state = state;
    const { columns, cases, of, narrowed } = this.filters.apply(state);
    this.columns = columns;
    this.table.className = "matrix" + (columns.length > 7 ? " dense" : "");
    const by = [...this.index.merged, ...this.index.columns].find((k) => k.name === state.sort); // shown or not
    const sort = by || ORDERS.some(([key]) => key === state.sort) ? state.sort : "";
    for (const c of cases) {
      const seen = columns.map((k) => c.cells[k.number]);
      c.failed = seen.filter((e) => e && !e.ok).length;
      c.ratio = largest(by ? [c.cells[by.number]] : seen);
    }
    this.few = narrowed && cases.length <= 60;
    const held = this.head.contains(document.activeElement) && document.activeElement.dataset.column;
    this.head.replaceChildren(...this.heads(columns));
    if (held) [...this.head.querySelectorAll("button")].find((b) => b.dataset.column === held)?.focus({ preventScroll: true });
    this.drawn.clear();
    const groups = this.ordered(grouped(cases, "group"), sort);
    this.rowsOf.fill(groups.map(([group, members]) => () => this.draw(group, members)));
    this.body.querySelector("a, button")?.setAttribute("tabindex", "0");
    const verdicts = cases.reduce((n, c) => n + single(columns).filter((k) => c.cells[k.number]).length, 0);
    const places = unique(single(columns).map((k) => k.environment)).length;
    this.found.textContent = `${cases.length.toLocaleString("en")} of ${of.toLocaleString("en")} cases, ${verdicts.toLocaleString("en")} ${verdicts === 1 ? "verdict" : "verdicts"}${places > 1 ? ` in ${places} environments` : ""}`;
    this.all.textContent = state.rows === "all" ? "fold all" : "unfold all";
    if (!cases.length) this.body.append(el("tr", {}, el("td", { colspan: columns.length + 1, class: "nothing" }, "No case fits. ", el("a", { href: "#" }, "Show all."))));
  }

  ordered(groups, sort) {
    const failed = (members) => members.some((c) => c.failed);
    const error = (members) => Math.max(...members.map((c) => c.ratio ?? -1));
    const list = [...groups];
    if (sort === "name") return list;
    return sort ? list.sort((a, b) => error(b[1]) - error(a[1]) || 0) : list.sort((a, b) => failed(b[1]) - failed(a[1]));
  }

  heads(columns) {
    const several = columns.some((k) => k.several);
    const first = el("th", { scope: "col", rowspan: several ? 2 : null }, "case");
    if (!several) return [el("tr", {}, first, columns.map((c) => this.sorting(c, columnName(c))))];
    const targets = [...grouped(columns, "target").values()];
    return [
      el("tr", { class: "targets" }, first, targets.map((members) => el("th", { scope: "colgroup", colspan: members.length }, columnName({ ...members[0], several: false })))),
      el("tr", { class: "environments" }, columns.map((c) => this.sorting(c, c.environment))),
    ];
  }

  // The head of a column, which sorts by it.
  sorting(column, text) {
    const on = this.state.sort === column.name;
    return el("th", { scope: "col", title: `${column.name}: sort by its error`, "aria-sort": on ? "descending" : null },
      el("button", { type: "button", class: "sorts", "data-column": column.name, onclick: () => this.change({ sort: on ? "" : column.name }) }, text));
  }

  draw(group, members) {
    const rows = this.rows(group, members, this.columns);
    this.drawn.set(group, { members, rows });
    return rows;
  }

  rows(group, members, columns) {
    if (members.length === 1) return [this.row(members[0], columns, false)];
    const failing = members.filter((c) => c.failed);
    const usual = this.state.rows === "all" || this.few ? "open" : failing.length ? "failing" : "closed";
    const fold = this.folds.get(group) ?? usual;
    const seen = fold === "open" ? members : fold === "failing" ? failing : [];
    const rows = [this.groupRow(group, members, columns, fold, failing.length), ...seen.map((c) => this.row(c, columns, true))];
    const hidden = members.length - seen.length;
    if (fold === "failing" && hidden) {
      rows.push(el("tr", { class: "more" }, el("td", { colspan: columns.length + 1 }, el("button", { type: "button", tabindex: "-1", onclick: () => this.fold(group, "open") }, `show ${hidden} more that agree`))));
    }
    return rows;
  }

  groupRow(group, members, columns, fold, failing) {
    const next = fold === "closed" ? (failing ? "failing" : "open") : "closed";
    const { folder, name } = members[0];
    const toggle = el("button", { type: "button", class: "fold", tabindex: "-1", "aria-expanded": String(fold !== "closed"), onclick: () => this.fold(group, next) },
      el("span", { class: "folder" }, folder), name, el("span", { class: "muted count" }, `${members.length} variants`));
    const weak = members.filter((c) => c.weak).length;
    const cells = columns.map((k) => {
      const worst = worstOf(members.map((c) => c.cells[k.number]), this.index.verdicts);
      if (!worst) return el("td", { class: "blank" });
      const title = cellTitle(worst, `${group} on ${k.name}: ${worst.marked ? `${worst.marked} of ${worst.of} ${worst.ok ? "are excused" : "fail"}; the worst` : `the largest of ${worst.of}`}`);
      return el("td", {}, el("span", { ...cellAttributes(worst), title }, cellContent(worst), worst.marked > 0 && el("span", { class: "of" }, `${worst.marked}/${worst.of}`)));
    });
    return el("tr", { class: "group" }, el("th", { scope: "row" }, toggle, weak > 0 && weakSign(weak, members.length), changedSign(members, columns)), cells);
  }

  row(c, columns, nested) {
    const name = nested ? c.variant : [el("span", { class: "folder" }, c.folder), c.name, c.variant && el("span", { class: "variant" }, `[${c.variant}]`)];
    const cells = columns.map((k) => {
      const entry = c.cells[k.number];
      if (!entry) return el("td", { class: "blank", title: `${c.id} did not run on ${k.name}` });
      const where = k.members ? `${c.id} on ${k.name}, ${entry.count > 1 ? `the worst of ${entry.count} environments, ${entry.environment}` : entry.environment}` : `${c.id} on ${k.name}`;
      const attributes = { ...cellAttributes(entry), href: caseHash(c.id, { ...k, environment: k.environment || entry.environment }, this.index.several), tabindex: "-1", title: cellTitle(entry, where) };
      const partly = entry.marked > 0 && entry.marked < entry.of && el("span", { class: "of" }, `${entry.marked}/${entry.of}`);
      return el("td", {}, el("a", attributes, cellContent(entry), partly));
    });
    return el("tr", { class: nested ? "variant" : "case" }, el("th", { scope: "row" }, el("a", { href: caseHash(c.id), tabindex: "-1", title: c.id }, name), c.weak && weakSign(1, 1), changedSign([c], columns)), cells);
  }

  fold(group, state) {
    this.folds.set(group, state);
    const { members, rows } = this.drawn.get(group);
    const fresh = this.draw(group, members);
    rows[0].before(...fresh);
    for (const row of rows) row.remove();
    fresh[0].querySelector("button.fold")?.focus();
  }

  // One cell takes part in the order of Tab; arrows move it.
  rove(target) {
    if (!target.matches("a, button")) return;
    for (const other of this.body.querySelectorAll("[tabindex='0']")) other.setAttribute("tabindex", "-1");
    target.setAttribute("tabindex", "0");
  }

  move(event) {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    const cell = event.target.closest("th, td");
    if (!step || !cell || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    let row = cell.parentElement;
    let column = cell.cellIndex + step[1];
    do {
      if (step[0] > 0 && !row.nextElementSibling?.querySelector("a, button")) this.rowsOf.more();
      if (step[0]) row = step[0] < 0 ? row.previousElementSibling : row.nextElementSibling;
      const to = row?.cells[Math.min(column, row.cells.length - 1)]?.querySelector("a, button");
      if (to) return void to.focus();
      column += step[1];
    } while (row && column >= 0 && column < row.cells.length);
  }
}

function grouped(list, key) {
  const groups = new Map();
  for (const item of list) groups.set(item[key], [...(groups.get(item[key]) ?? []), item]);
  return groups;
}
