// What of the matrix is shown: a search, facets of cases and of columns, an order. All of it stands in the address.

// In place of an environment: a column for each, where otherwise one shows the worst of them.
const EACH = "*";
const FACETS = [
  // key in the address, what is chosen, values that an item has
  { key: "folder", label: "folder", all: "all folders", of: (c) => [c.folder || "./"] },
  { key: "family", label: "family of layers", all: "all families", of: (c, index) => c.layers.map((l) => index.families[l]).filter(Boolean) },
  { key: "uses", label: "layer", all: "all layers", of: (c) => c.layers },
];
const COLUMN_FACETS = [
  { key: "engine", label: "engine", all: "all engines", of: (k) => k.engine },
  { key: "device", label: "device", all: "all devices", of: (k) => k.device },
  { key: "environment", label: "environment", all: "all environments", of: (k) => k.environment, more: [[EACH, "side by side"]] },
];
const ORDERS = [["", "failures first"], ["error", "largest error first"], ["name", "by name"]];

class Filters {
  constructor(index, change) {
    this.index = index;
    this.change = change;
    this.more = index.usual.length > 0 && index.usual.length < index.columns.length;
    this.search = el("input", { type: "search", placeholder: "Search: conv2d stride, LSTM, crashed …", "aria-label": "search cases", oninput: () => change({ q: this.search.value }) });
    this.selects = new Map();
    for (const facet of FACETS) this.add(facet, distinct(index.cases.flatMap((c) => facet.of(c, index))));
    for (const facet of COLUMN_FACETS) this.add(facet, distinct(index.columns.map(facet.of)), facet.more);
    this.sort = el("select", { "aria-label": "order", onchange: () => change({ sort: this.sort.value }) }, ORDERS.map(option), [...index.merged, ...index.columns].map((k) => option([k.name, `largest error on ${k.name}`])));
    const others = distinct(index.columns.map((k) => k.precision)).filter((p) => p !== USUAL);
    this.precisions = el("select", { hidden: !this.more, "aria-label": "precision", onchange: () => change({ precisions: this.precisions.value }) }, [["", USUAL], ["all", "all precisions"], ...others.map((p) => [p, p])].map(option));
    this.none = el("button", { type: "button", class: "none", onclick: () => { change(Object.fromEntries(FILTERS.map((k) => [k, ""]))); this.search.focus(); } }, "clear filters");
    this.nodes = [this.search, ...this.selects.values(), this.sort, this.precisions, this.none];
  }

  add({ key, label, all }, values, more = []) {
    if (values.length < 2) return; // nothing to choose from
    const select = el("select", { "aria-label": label, "data-facet": key, onchange: () => this.change({ [key]: select.value, ...(key === "family" ? { uses: "" } : {}) }) }, [["", all], ...more, ...values.map((v) => [v, v])].map(option));
    this.selects.set(key, select);
  }

  // What fits: {columns, cases}; narrowed says whether a filter of cases is on.
  apply(state) {
    this.state = state;
    const { index } = this;
    if (document.activeElement !== this.search) this.search.value = state.q;
    for (const [key, select] of this.selects) select.value = state[key];
    this.sort.value = state.sort;
    if (this.sort.selectedIndex < 0) this.sort.value = "";
    this.layersOf(state.family);
    const columns = this.columns(state);
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const entries = (c) => single(columns).map((k) => c.cells[k.number]).filter(Boolean);
    const says = (c, w) => c.words.includes(w) || entries(c).some((e) => kindOf(e) === w);
    const here = (c) => entries(c).length > 0 || !(c.measured || c.cells.some(Boolean)); // else another view shows it
    const facets = FACETS.filter((f) => state[f.key]);
    const fits = index.cases.filter((c) => here(c) && facets.every((f) => f.of(c, index).includes(state[f.key])) && words.every((w) => says(c, w)));
    const verdicts = new Set(state.verdict.split(",").filter(Boolean));
    const cases = verdicts.size ? fits.filter((c) => (verdicts.has(CHANGED) && changedOn(c, columns).length > 0) || entries(c).some((e) => verdicts.has(kindOf(e)))) : fits;
    this.none.hidden = !FILTERS.some((k) => state[k]);
    this.precisions.value = state.precisions;
    this.chips(fits, columns, verdicts);
    return { columns, cases, of: index.cases.filter(here).length, narrowed: words.length > 0 || verdicts.size > 0 || facets.length > 0 };
  }

  // Columns of other precisions than usual are shown when they are asked for.
  columns(state) {
    const columns = state.environment || !this.index.several ? this.index.columns : this.index.merged;
    const precise = (k) => !this.more || state.precisions === "all" || k.precision === (state.precisions || USUAL);
    return columns.filter((k) => precise(k) && COLUMN_FACETS.every((f) => !state[f.key] || state[f.key] === EACH || f.of(k) === state[f.key]));
  }

  // A family narrows the choice of layers.
  layersOf(family) {
    for (const choice of this.selects.get("uses")?.options ?? []) choice.hidden = Boolean(family && choice.value && this.index.families[choice.value] !== family);
  }

  // Counts of verdicts at the top: of the cases and columns that fit, each a switch.
  chips(cases, columns, verdicts) {
    const counts = new Map([[CHANGED, cases.filter((c) => changedOn(c, columns).length).length]]);
    for (const c of cases) {
      for (const e of single(columns).map((k) => c.cells[k.number]).filter(Boolean)) counts.set(kindOf(e), (counts.get(kindOf(e)) ?? 0) + 1);
    }
    for (const link of document.querySelectorAll("#counts a")) {
      const name = link.dataset.verdict;
      const on = verdicts.has(name);
      link.querySelector("b").textContent = (counts.get(name) ?? 0).toLocaleString("en");
      link.parentElement.hidden = !on && !counts.get(name);
      if (on) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      const rest = new Set(verdicts);
      if (on) rest.delete(name);
      else rest.add(name);
      link.setAttribute("href", hashOf({ ...this.state, verdict: [...rest].join(",") }));
    }
  }
}

// What a chip calls cases whose result differs between environments.
const CHANGED = "changed";
const option = ([value, text]) => el("option", { value }, text);
const single = (columns) => columns.flatMap((k) => k.members ?? [k]);
const { compare } = new Intl.Collator("en", { numeric: true }); // made once: localeCompare makes one at every call
const distinct = (values) => unique(values).sort(compare);
