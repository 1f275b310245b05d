// Elements and figures. Data reaches the page as text nodes and attributes alone, never as markup.

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) node.style.setProperty(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

function section(title, ...children) {
  return el("section", {}, el("h3", {}, title), ...children);
}

function table(heads, rows, attributes = {}) {
  const head = heads.map((h) => (h instanceof Node ? h : el("th", { scope: "col" }, h)));
  const body = rows.map((row) => (row instanceof Node ? row : el("tr", {}, row.map((c) => (c instanceof Node && /^T[HD]$/.test(c.tagName) ? c : el("td", {}, c))))));
  return el("div", { class: "scroll" }, el("table", attributes, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

// Figures stand at the right, under their head.
const number = (content, attributes = {}) => el("td", { ...attributes, class: `number ${attributes.class ?? ""}`.trim() }, content);
const numberHead = (text, title) => el("th", { scope: "col", class: "number", title }, text);

// Names and values side by side; those without a value are left out.
const pairsList = (pairs) => el("dl", { class: "pairs" }, pairs.filter(([, v]) => v !== "").map(([k, v]) => el("div", {}, el("dt", {}, k), el("dd", {}, v))));

const unique = (list) => [...new Set(list)];

// A span that a screen reader speaks and the eye skips.
const spoken = (text) => el("span", { class: "spoken" }, text);

// JSON has no infinity: results write it as a string.
const toNumber = (value) => (value === null || value === undefined ? null : value === "inf" ? Infinity : value === "-inf" ? -Infinity : Number(value));

const minus = (text) => text.replace("-", "−");

// error ÷ bound, short enough for a cell.
function ratioText(value) {
  const r = toNumber(value);
  if (r === null || Number.isNaN(r)) return "";
  if (r === Infinity) return "∞";
  if (r === 0) return "0";
  if (r < 0.01) return "<.01";
  if (r < 9.95) return r.toFixed(r < 0.995 ? 2 : 1);
  return r < 1000 ? String(Math.round(r)) : r.toExponential(0).replace("e+", "e");
}

function figure(value, digits = 3) {
  const x = toNumber(value);
  if (x === null) return "–";
  if (!Number.isFinite(x)) return minus(String(x)).replace("Infinity", "∞");
  if (x === 0 || (Number.isInteger(x) && Math.abs(x) < 1e6)) return minus(x.toLocaleString("en"));
  if (Math.abs(x) >= 1e-3 && Math.abs(x) < 1e5) return minus(String(Number(x.toPrecision(digits))));
  return minus(x.toExponential(digits - 1).replace("e+", "e"));
}

// 1 − cosine is what differs between two cosines that both print as 1.
function cosineText(value) {
  const gap = 1 - toNumber(value);
  return gap === 0 ? "1" : Math.abs(gap) < 1e-3 ? `1 − ${figure(Math.abs(gap), 2)}` : figure(value, 5);
}

const shapeText = (shape) => `[${shape.join(", ")}]`;

// A parameter as people say it: 3×2; pads (begin, end) of each axis as 0,1×2.
function parameterText(value) {
  if (value?.layer) return `${value.layer}(${Object.entries(value).slice(1).map(([k, v]) => `${k} ${parameterText(v)}`).join(", ")})`;
  if (!Array.isArray(value)) return value === null ? "none" : String(value);
  if (!value.some(Array.isArray)) return value.join("×");
  const axes = value.map((v) => (Array.isArray(v) && v.every((x) => x === v[0]) ? String(v[0]) : [v].flat().join(",")));
  return axes.every((a) => a === axes[0]) && !axes[0].includes(",") ? axes[0] : axes.join("×");
}

function secondsText(value) {
  if (value >= 1) return `${value.toFixed(2)} s`;
  return value >= 1e-3 ? `${(value * 1e3).toFixed(1)} ms` : `${(value * 1e6).toFixed(0)} µs`;
}
