// Cases × targets. Sweeps are folded into one row a file; a row of a file with failures shows those.

class Matrix {
  constructor(index, place) {
    this.index = index;
    this.place = place;
    this.folds = new Map(); // group → "closed" | "failing" | "open", where the reader chose
    this.body = el("tbody", { onkeydown: (e) => this.move(e), onfocusin: (e) => this.rove(e.target) });
    this.head = el("thead");
    this.found = el("p", { class: "found", role: "status" });
    this.search = el("input", { type: "search", placeholder: "Search: conv2d stride, LSTM, crashed …", "aria-label": "search cases", oninput: () => this.change({ q: this.search.value }) });
    this.on = this.select("on", "columns", [["", "all columns"], ...this.choices()]);
    this.sort = this.select("sort", "order", [["", "failures first"], ["error", "largest error first"], ["name", "by name"]]);
    this.all = el("button", { type: "button", onclick: () => { this.folds.clear(); this.change({ rows: this.state.rows === "all" ? "" : "all" }); } });
    this.more = this.index.usual.length > 0 && this.index.usual.length < index.columns.length;
    this.precisions = el("button", { type: "button", hidden: !this.more, onclick: () => this.change({ precisions: this.state.precisions === "all" ? "" : "all" }) });
    this.table = el("table", {}, this.head, this.body);
    place.replaceChildren(el("div", { class: "toolbar" }, this.search, this.on, this.sort, this.all, this.precisions, this.found), legend(), el("div", { class: "scroll" }, this.table));
  }

  choices() {
    const { columns, environments, several } = this.index;
    const targets = [...new Set(columns.map((c) => c.target))].map((t) => [t, t]);
    return several ? [...targets, ...environments.map((e) => [e, e])] : targets;
  }

  select(key, label, options) {
    return el("select", { "aria-label": label, onchange: (e) => this.change({ [key]: e.target.value }) }, options.map(([value, text]) => el("option", { value }, text)));
  }

  change(part) {
    replaceState({ ...readState(), ...part });
  }

  render(state) {
    this.state = state;
    if (document.activeElement !== this.search) this.search.value = state.q;
    this.on.value = state.on;
    this.sort.value = state.sort;
    const shown = this.shown(state);
    this.table.className = "matrix" + (shown.length > 7 ? " dense" : "");
    for (const c of this.index.cases) {
      const seen = shown.map((k) => c.cells[k.number]);
      c.failed = seen.filter((e) => e && !e.ok).length;
      c.ratio = largest(seen);
      c.hidden = !seen.some(Boolean) && (c.measured || c.cells.some(Boolean)) && !state.on; // another view shows it
    }
    const verdicts = new Set(state.verdict.split(",").filter(Boolean));
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (c) => !c.hidden && words.every((w) => c.words.includes(w) || shown.some((k) => c.cells[k.number] && kindOf(c.cells[k.number]) === w))
      && (!verdicts.size || shown.some((k) => c.cells[k.number] && verdicts.has(kindOf(c.cells[k.number]))));
    const cases = this.index.cases.filter(fits);
    this.filtered = words.length > 0 || verdicts.size > 0;
    const groups = this.ordered(grouped(cases, "group"), state.sort);
    this.head.replaceChildren(...this.heads(shown));
    const few = this.filtered && cases.length <= 60;
    this.body.replaceChildren(...groups.flatMap(([group, members]) => this.rows(group, members, shown, few)));
    this.body.querySelector("a, button")?.setAttribute("tabindex", "0");
    const verdictCount = cases.reduce((n, c) => n + shown.filter((k) => c.cells[k.number]).length, 0);
    this.found.textContent = `${cases.length} of ${this.index.cases.filter((c) => !c.hidden).length} cases, ${verdictCount} verdicts`;
    this.precisions.textContent = `other precisions: ${state.precisions === "all" ? "hide" : `show ${this.index.columns.length - this.index.usual.length} columns`}`;
    this.precisions.setAttribute("aria-pressed", String(state.precisions === "all"));
    this.all.textContent = state.rows === "all" ? "fold all" : "unfold all";
    if (!cases.length) this.body.append(el("tr", {}, el("td", { colspan: shown.length + 1, class: "nothing" }, "No case fits. ", el("a", { href: "#" }, "Show all."))));
    for (const link of document.querySelectorAll("#counts a")) {
      const on = verdicts.has(link.dataset.verdict);
      if (this.more) this.count(link, shown);
      link.toggleAttribute("aria-current", on);
      const rest = new Set(verdicts);
      if (on) rest.delete(link.dataset.verdict);
      else rest.add(link.dataset.verdict);
      link.setAttribute("href", hashOf({ ...state, verdict: [...rest].join(",") }));
    }
  }

  // Columns of other precisions than usual are shown when they are asked for.
  shown({ on, precisions }) {
    const { columns, usual } = this.index;
    const there = !this.more || precisions === "all" ? columns : usual;
    if (columns.some((c) => c.target === on)) return columns.filter((c) => c.target === on);
    return on ? there.filter((c) => c.environment === on) : there;
  }

  count(link, shown) {
    const number = this.index.cases.reduce((n, c) => n + shown.filter((k) => c.cells[k.number] && kindOf(c.cells[k.number]) === link.dataset.verdict).length, 0);
    link.querySelector("b").textContent = number.toLocaleString("en");
    link.parentElement.hidden = !number;
  }

  ordered(groups, sort) {
    const failed = (members) => members.reduce((n, c) => n + c.failed, 0);
    const error = (members) => Math.max(...members.map((c) => c.ratio ?? -1));
    const list = [...groups];
    if (sort === "error") list.sort((a, b) => error(b[1]) - error(a[1]) || 0);
    else if (sort !== "name") list.sort((a, b) => (failed(b[1]) > 0) - (failed(a[1]) > 0));
    return list;
  }

  heads(columns) {
    const several = this.index.several;
    const first = el("th", { scope: "col", rowspan: several ? 2 : null }, "case");
    if (!several) return [el("tr", {}, first, columns.map((c) => el("th", { scope: "col", title: c.name }, columnName(c))))];
    const targets = [...grouped(columns, "target").values()];
    return [
      el("tr", { class: "targets" }, first, targets.map((members) => el("th", { scope: "colgroup", colspan: members.length }, columnName({ ...members[0], several: false })))),
      el("tr", { class: "environments" }, columns.map((c) => el("th", { scope: "col", title: c.name }, el("span", {}, c.environment)))),
    ];
  }

  rows(group, members, columns, few) {
    if (members.length === 1) return [this.row(members[0], columns, false)];
    const failing = members.filter((c) => c.failed);
    const usual = this.state.rows === "all" || few ? "open" : failing.length ? "failing" : "closed";
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
    return el("tr", { class: "group" }, el("th", { scope: "row" }, toggle, weak > 0 && weakSign(weak, members.length)), cells);
  }

  row(c, columns, nested) {
    const name = nested ? c.variant : [el("span", { class: "folder" }, c.folder), c.name, c.variant && el("span", { class: "variant" }, `[${c.variant}]`)];
    const cells = columns.map((k) => {
      const entry = c.cells[k.number];
      if (!entry) return el("td", { class: "blank", title: `${c.id} did not run on ${k.name}` });
      const attributes = { ...cellAttributes(entry), href: caseHash(c.id, k, this.index.several), tabindex: "-1", title: cellTitle(entry, `${c.id} on ${k.name}`) };
      return el("td", {}, el("a", attributes, cellContent(entry)));
    });
    return el("tr", { class: nested ? "variant" : "case" }, el("th", { scope: "row" }, el("a", { href: caseHash(c.id), tabindex: "-1", title: c.id }, name), c.weak && weakSign(1, 1)), cells);
  }

  fold(group, state) {
    this.folds.set(group, state);
    this.render(this.state);
    const button = [...this.body.querySelectorAll("button.fold")].find((b) => b.textContent.startsWith(group));
    button?.focus();
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
