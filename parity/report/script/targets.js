// One thing on all targets: a list, or with several environments a table of targets and environments.

// link: column → [attributes of the link, content of the cell].
function sideBySide(columns, chosen, label, link, kind = "") {
  const linked = (c, ...before) => {
    const [attributes, content] = link(c);
    return el("a", { "aria-current": c === chosen ? "true" : null, ...attributes }, ...before, content);
  };
  if (!columns.some((c) => c.several)) return el("ul", { class: `tabs ${kind}`, "aria-label": label }, columns.map((c) => el("li", {}, linked(c, el("span", { class: "name" }, c.target)))));
  const environments = unique(columns.map((c) => c.environment));
  const rows = [...grouped(columns, "target")].map(([target, own]) => [
    el("th", { scope: "row" }, el("span", { class: "name" }, target)),
    ...environments.map((e) => {
      const c = own.find((k) => k.environment === e);
      return el("td", { class: c ? "" : "blank" }, c && linked(c));
    }),
  ]);
  return table(["", ...environments.map((e) => el("th", { scope: "col", class: "environment" }, e))], rows, { class: `targets-table ${kind}`, "aria-label": label });
}

// What versions the result goes with, where environments found different things.
function changedBox(said) {
  return said?.length > 0 && el("div", { class: "box note" }, el("h4", { class: "plain" }, "Not the same in all environments"), said.map(([, text]) => el("p", {}, text)));
}
