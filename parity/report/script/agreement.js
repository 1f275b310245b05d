// The view of agreement: engines and environments, two by two, and who stands alone.

class AgreementView {
  constructor(index, place) {
    Object.assign(this, { index, place, turn: 0 });
  }

  async show(state) {
    const turn = ++this.turn;
    this.data ??= await dataOf("agreement-data");
    if (turn !== this.turn) return;
    const { groups } = this.data;
    const group = groups.find((g) => g.precision === state.in) ?? groups[0];
    const environments = unique(group.columns.map(([, e]) => e));
    const chosen = environments.includes(state.environment) ? state.environment : "";
    const items = groups.map((g) => ({ text: g.name, chosen: g === group, href: hashOf({ view: "agreement", in: g === groups[0] ? "" : g.precision }) }));
    const places = ["", ...environments].map((e) => ({ text: e || "all environments", chosen: e === chosen, href: hashOf({ view: "agreement", in: state.in, environment: e, pair: state.pair }) }));
    this.place.replaceChildren(...[
      answerBox("Agreement", group.said), choices("precisions", items),
      this.engines(group, chosen, state, environments.length > 1 ? choices("environments", places) : ""),
      this.pair(group, chosen, state),
      engineTable(group),
      this.alone(group),
      ...this.environments(group),
    ].flat().filter(Boolean));
    document.documentElement.dataset.view = "agreement";
  }

  // Targets against targets of the same environment, over all environments or one.
  engines(group, environment, state, switches) {
    const targets = unique(group.columns.map(([t]) => t));
    if (targets.length < 2) return "";
    const sums = new Map();
    for (const pair of pairsOf(group)) {
      if (pair.environments[0] !== pair.environments[1] || (environment && pair.environments[0] !== environment)) continue;
      for (const key of [pair.targets.join("\n"), [...pair.targets].reverse().join("\n")]) sums.set(key, [...(sums.get(key) ?? []), pair]);
    }
    const cell = (a, b) => {
      const found = sums.get(`${a}\n${b}`);
      if (a === b || !found) return el("td", { class: "blank" });
      const sum = total(found);
      const pair = [a, b].sort().join(" ");
      return el("td", {}, el("a", { ...shade(sum), href: hashOf({ view: "agreement", in: state.in, environment, pair }), "aria-current": state.pair === pair ? "true" : null, title: sumTitle(`${a} and ${b}`, sum) }, sumText(sum)));
    };
    return section("Engine against engine",
      el("p", { class: "lead" }, "How far apart two engines typically are where they are not the same bit for bit, in units of the bound; below it the share of results that are the same, one for each case and environment. A choice shows the cases."),
      switches, table(["", ...targets.map((t) => el("th", { scope: "col", class: "target" }, shortName(t)))], targets.map((a) => [el("th", { scope: "row" }, shortName(a)), ...targets.map((b) => cell(a, b))]), { class: "square" }), shades());
  }

  pair(group, environment, state) {
    if (!state.pair) return "";
    const found = pairsOf(group).filter((p) => [...p.targets].sort().join(" ") === state.pair && p.environments[0] === p.environments[1] && (!environment || p.environments[0] === environment));
    if (!found.length) return el("p", { class: "box note", role: "status" }, `Nothing was compared of the pair ${state.pair}${environment && ` in ${environment}`}.`);
    const [a, b] = found[0].targets;
    const furthest = new Map();
    for (const p of found) for (const [id, distance] of p.furthest) if (!(furthest.get(id)?.distance >= toNumber(distance))) furthest.set(id, { distance: toNumber(distance), environment: p.environments[0] });
    const rows = [...furthest].sort((x, y) => y[1].distance - x[1].distance).slice(0, 12).map(([id, { distance, environment: e }]) => [
      el("th", { scope: "row" }, el("a", { href: caseHash(id, { target: a, environment: e }, this.index.several) }, id)), number(distanceText(distance)), this.index.several && el("td", {}, e)].filter(Boolean));
    return section(`Furthest apart: ${a} and ${b}`, el("p", { class: "lead" }, sumTitle("", total(found)).trim().replaceAll("\n", ", ")),
      rows.length ? table(["case", numberHead("distance ÷ bound", "root mean square over the elements that were looked at"), this.index.several && "environment"].filter(Boolean), rows, { class: "narrow" }) : el("p", {}, everySame(total(found)) ? "They are the same everywhere, bit for bit." : "No figures were kept of how far apart they are."));
  }

  alone(group) {
    if (!group.alone.length) return "";
    const rows = group.alone.map((a) => [
      el("th", { scope: "row" }, el("a", { href: caseHash(a.case, { target: a.target, environment: a.environments[0] }, this.index.several) }, a.case)),
      el("td", {}, shortName(a.target)), el("td", {}, a.layers.join(", ")), number(a.distance === null ? "–" : distanceText(toNumber(a.distance))), number(String(a.of - 1)),
      this.index.several && el("td", {}, a.environments.join(", ")), el("td", {}, a.known ? "known, with a reason" : "")].filter(Boolean));
    const heads = ["case", "apart", "layer to blame", numberHead("distance ÷ bound", "from the nearest of the others"), numberHead("of the others", "engines that were compared with it"), this.index.several && "environments", ""].filter(Boolean);
    return section("Who stands apart", el("p", { class: "lead" }, "A case in which most engines agree within rounding, and these do not."), table(heads, rows, { class: "narrow" }),
      group.more > 0 && el("p", { class: "muted" }, `and ${group.more} more`));
  }

  // For each target, its environments two by two.
  environments(group) {
    const targets = unique(group.columns.map(([t]) => t)).filter((t) => group.columns.filter(([u]) => u === t).length > 1);
    if (!targets.length) return [];
    const blocks = targets.map((target) => {
      const names = group.columns.filter(([t]) => t === target).map(([, e]) => e);
      const own = pairsOf(group).filter((p) => p.targets[0] === target && p.targets[1] === target);
      const cell = (a, b) => {
        const found = own.filter((p) => p.environments.includes(a) && p.environments.includes(b));
        if (a === b || !found.length) return el("td", { class: "blank" });
        const sum = total(found);
        return el("td", {}, el("span", { ...shade(sum), title: sumTitle(`${target}: ${a} and ${b}`, sum) }, el("span", { class: "ratio" }, everySame(sum) ? "same" : (sum.compared - sum.same).toLocaleString("en")), sum.apart > 0 && el("span", { class: "apart" }, `≠ ${sum.apart}`)));
      };
      const moved = Object.entries(group.moved[target] ?? {}).map(([e, list]) => [`${e} alone`, e, list]);
      const two = names.length > 2 ? [] : own.filter((p) => p.furthest.length).map((p) => ["furthest apart first", names[1], [p.compared - p.same, ...p.furthest.map(([id]) => id)]]); // of two, neither is alone
      return el("div", { class: "block" }, el("h4", {}, shortName(target)),
        table(["", ...names.map((n) => el("th", { scope: "col" }, n))], names.map((a) => [el("th", { scope: "row" }, a), ...names.map((b) => cell(a, b))]), { class: "square small" }),
        [...moved, ...two].map(([said, e, [count, ...ids]]) => el("p", { class: "lead" }, `${said}: `, ids.map((id, i) => [i > 0 && ", ", el("a", { href: caseHash(id, { target, environment: e }, true) }, id)]), count > ids.length && ` and ${(count - ids.length).toLocaleString("en")} more`)));
    });
    return [section("Environment against environment", el("p", { class: "lead" }, "Cases in which the same target does not give the same bits in two environments; shaded by how far apart it typically is there."), el("div", { class: "blocks" }, blocks))];
  }
}

function engineTable(group) {
  if (group.engines.length < 2) return "";
  const rows = group.engines.map((e) => [el("th", { scope: "row" }, shortName(e.target)), number(e.compared.toLocaleString("en")), number(share(e.equal, e.compared)),
    number(e.error === null ? "–" : figure(e.error, 2)), number(e.distance === null || e.distance === undefined ? "–" : figure(e.distance, 2)), number(String(e.alone), { class: e.alone ? "" : "muted" })]);
  return section("Engine by engine", table(["engine", numberHead("results"), numberHead("equal", "the rounded float64 reference, bit for bit"), numberHead("from the reference", "median over the cases of the root mean square of error ÷ bound, where there is an error"),
    numberHead("from the others", "median over the cases of the distance to the other engines, in bounds"), numberHead("apart", "cases in which it stands apart from most others")], rows, { class: "narrow" }));
}

function pairsOf(group) {
  group.list ??= group.pairs.map(([a, b, compared, same, apart, typical, furthest]) => ({ targets: [group.columns[a][0], group.columns[b][0]], environments: [group.columns[a][1], group.columns[b][1]], compared, same, apart, typical: toNumber(typical), furthest }));
  return group.list;
}

// Of several environments: counts add up, the typical distance is the middle one.
function total(pairs) {
  const sum = (key) => pairs.reduce((n, p) => n + p[key], 0);
  const typical = pairs.map((p) => p.typical).filter((t) => t !== null).sort((a, b) => a - b);
  return { compared: sum("compared"), same: sum("same"), apart: sum("apart"), typical: typical.length ? typical[Math.floor(typical.length / 2)] : null };
}

const everySame = (sum) => sum.same === sum.compared;
const share = (count, of) => `${figure(Math.floor((1000 * count) / of) / 10)} %`; // rounded down: 100 % are all
const sumText = (sum) => [el("span", { class: "ratio" }, everySame(sum) ? "0" : figure(sum.typical, 2)), el("span", { class: "same" }, `${share(sum.same, sum.compared)} same`), sum.apart > 0 && el("span", { class: "apart" }, `≠ ${sum.apart}`)];
const sumTitle = (what, sum) => [what, `${sum.compared.toLocaleString("en")} results compared`, `${sum.same.toLocaleString("en")} the same bit for bit`, sum.typical !== null && `else typically ${figure(sum.typical, 2)} of a bound apart`, `${sum.apart} with more between them than rounding explains`].filter(Boolean).join("\n");

// Darker is further; the figure is always there too.
function shade(sum) {
  const depth = sum.typical ? Math.max(0, Math.min(1, 1 + Math.log10(sum.typical) / 3)) : 0;
  return { class: `pairing${sum.apart ? " some" : ""}`, "--depth": `${Math.round(depth * 100)}%` };
}

function shades() {
  const steps = [0, 0.001, 0.01, 0.1, 1].map((typical) => el("li", {}, el("span", { ...shade({ typical, apart: 0 }), "aria-hidden": "true" }, String(typical))));
  return el("ul", { class: "legend", "aria-label": "shades" }, steps, el("li", {}, "of a bound apart"), el("li", {}, el("span", { class: "apart" }, "≠ 3"), "results with more between them than rounding explains"));
}

// Results keep errors as float16, which ends there; of an exact layer any error is infinite.
const distanceText = (distance) => (distance === Infinity ? "> 65,000" : figure(distance, 2));
const shortName = (target) => target.replace(/@cpu$/, "");
