// What belongs to one case on one target: certificate, facts, commands.

function certificateTable(cell) {
  const proof = cell.certificate;
  if (!proof) return el("p", { class: "muted" }, "No weights were copied.");
  const rows = proof.rows.map((r) => el("tr", { class: r.ok ? "" : "failed" },
    el("th", { scope: "row" }, r.weight), el("td", {}, el("code", {}, r.from)), el("td", { class: "arrow" }, "→"), el("td", {}, r.node && r.node !== r.weight.split("/")[0] ? `${r.node} ${r.target}` : r.target),
    el("td", {}, el("code", {}, r.to)), el("td", { class: "number" }, shapeText(r.shape)), el("td", {}, el("code", { class: "hash" }, r.hash)),
    el("td", { title: r.proof === "inverse" ? "read back through the inverse layout, equal to what was sent" : "equals the declared map of what was sent" }, `${r.ok ? "✓" : "✗"} ${r.proof}`)));
  const said = proof.ok ? (rows.length ? "Every weight reached every declared use and no other, and reads back equal." : "This network has no weights.") : "The copy is not proved.";
  return [
    el("p", { class: proof.ok ? "lead" : "lead failed" }, said),
    proof.problems.length > 0 && el("ul", { class: "problems" }, proof.problems.map((p) => el("li", {}, p))),
    rows.length > 0 && table(["weight", "canonical layout", "", "in the framework", "its layout", numberHead("shape"), "hash", "proof"], rows, { class: "certificate" }),
  ];
}

function factsList(cell, column) {
  const facts = cell.facts ?? column.facts ?? {};
  const pairs = [["environment", column.environment], ...Object.entries(facts.versions ?? {})];
  for (const [key, value] of Object.entries(facts)) {
    if (key !== "versions") pairs.push([key.replaceAll("_", " "), typeof value === "boolean" ? (value ? "yes" : "no") : typeof value === "object" ? JSON.stringify(value) : String(value)]);
  }
  return pairsList(pairs);
}

function timingsList(cell) {
  const pairs = Object.entries(cell.timings ?? {}).map(([k, v]) => [k, secondsText(v)]);
  if (cell.seconds !== undefined) pairs.push(["in all, judging included", secondsText(cell.seconds)]);
  return pairsList(pairs);
}

const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function commands(id, file, column, cell) {
  const scripted = /^[^@]*@cpu(:storage_\w+)?$/.test(column.target); // scripts compute in float32 on a CPU
  const command = (what, line) => el("div", { class: "command" }, el("p", {}, what), copyable(line));
  return [
    command("run it again", `parity run${file ? ` ${quoted(file)}` : ""} -k ${quoted(id)} --targets ${quoted(column.target)}`),
    cell.script ? scriptBox(cell.script) : scripted && command("write a script in the framework's own words, without parity", `parity reproduce ${quoted(id)} ${quoted(column.target)}`),
  ];
}

// The whole script, with its arrays in it.
function scriptBox(script) {
  const shown = el("pre", {}, script);
  const lines = script.trimEnd().split("\n").length.toLocaleString("en");
  const details = el("details", {}, el("summary", {}, `the script, ${lines} lines`), shown);
  const button = copyButton("copy the script", script, shown, () => (details.open = true));
  return el("div", { class: "command script" }, el("p", {}, "a script in the framework's own words, which needs neither parity nor another file"), button, details);
}

function copyable(line) {
  const code = el("code", {}, line);
  return el("div", { class: "copyable" }, code, copyButton("copy", line, code));
}

// Without access to the clipboard, what shows the text is selected, so that at least Ctrl-C has it; show: makes it visible.
function copyButton(label, text, shown, show = () => {}) {
  const button = el("button", { type: "button", onclick: copy }, label);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      show();
      getSelection().selectAllChildren(shown);
      button.textContent = "selected";
    }
    setTimeout(() => (button.textContent = label), 1600);
  }
  return button;
}
