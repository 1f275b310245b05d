// Where in a tensor the error sits: the largest error ÷ bound over all other axes, in blocks of two axes and along channels.

const LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const AT_BOUND = 40;
const PALEST = 16;

// A level is half a doubling: 0 is no error, up to 40 inside the bound, above it outside.
const levelsOf = (text) => [...text].map((letter) => LEVELS.indexOf(letter));
const outside = (level) => level > AT_BOUND;
const levelEdge = (level) => figure(2 ** ((level - AT_BOUND) / 2), 2);

function levelText(level) {
  if (level === 0) return "no error";
  if (level <= 1) return `error ÷ bound up to ${levelEdge(1)}`;
  return level >= LEVELS.length - 1 ? `error ÷ bound above ${levelEdge(level - 1)}` : `error ÷ bound ${levelEdge(level - 1)} to ${levelEdge(level)}`;
}

// Blue for inside the bound, vermilion for outside, each the fuller the more; most of the blues are for the twelve doublings below the bound.
function levelColour(level) {
  if (level === 0) return "var(--panel)";
  if (!outside(level)) return `color-mix(in srgb, var(--pass-line) ${Math.round(8 + 92 * Math.max(0, (level - PALEST) / (AT_BOUND - PALEST)) ** 1.6)}%, var(--panel))`;
  return `color-mix(in srgb, var(--bad-ground) ${Math.round(45 + (55 * (level - AT_BOUND)) / 21)}%, var(--known))`;
}

// First and last index of a block, of so many over an axis.
const blockRange = (block, blocks, size) => [Math.floor((block * size) / blocks), Math.floor(((block + 1) * size) / blocks) - 1];

// {axes: [name, name], of, shape, levels}; null where the finding has no map, or one that cannot be of this tensor.
function mapOf(finding, shape, record) {
  const map = finding?.map;
  if (!map || !map.shape.every((n) => n > 0) || map.levels.length !== map.shape[0] * map.shape[1]) return null;
  return { ...map, axes: map.axes.map((axis) => axisName(axis, shape, record)), levels: levelsOf(map.levels) };
}

// Along an axis that the map does not show already.
function profileOf(finding, shape, record) {
  const profile = finding?.profile;
  if (!profile?.levels.length || finding.map?.axes.includes(profile.axis)) return null;
  const levels = levelsOf(profile.levels);
  return { axes: [null, axisName(profile.axis, shape, record)], of: [1, profile.of], shape: [1, levels.length], levels };
}

// Images are N C H W; whether a tensor is one cannot be told from its rank alone, so the network must be about images.
function axisName(axis, shape, record) {
  if (axis === null) return null;
  const rank = shape?.length ?? 0;
  const images = rank >= 4 && (record.layers ?? []).some((l) => l.layer.endsWith(`${rank - 2}D`));
  return images && rank <= 5 ? ["N", "channel", ...(rank === 5 ? "DHW" : "HW")][axis] : `axis ${axis}`;
}

async function mapPlot(map, width) {
  const Plot = await plotLibrary();
  const { shape: [rows, columns], of: [height, breadth] } = map;
  const cells = map.levels.map((level, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [y, x] = [blockRange(row, rows, height), blockRange(column, columns, breadth)];
    return { level, x1: x[0], x2: x[1] + 1, y1: y[0], y2: y[1] + 1, place: [placeText(map.axes[0], y), placeText(map.axes[1], x)].filter(Boolean).join(", ") };
  });
  const strip = rows === 1 && map.axes[0] === null;
  const side = Math.min(20, (width - 60) / columns);
  const inner = [columns * side, strip ? 22 : Math.max(rows * side, 22)];
  const name = (i) => `${map.axes[i]} (${map.of[i].toLocaleString("en")})`;
  const ticks = (size) => Array.from({ length: Math.min(size, 5) }, (_, i) => Math.floor((i * (size - 1)) / Math.max(1, Math.min(size, 5) - 1)));
  const middle = (c) => ({ x: (c.x1 + c.x2) / 2, y: (c.y1 + c.y2) / 2 });
  const axis = (make, i) => make(ticks(map.of[i]).map((t) => t + 0.5), { text: (t) => String(Math.floor(t)), tickSize: 3, label: name(i), labelArrow: "none", labelAnchor: "center" });
  return Plot.plot({
    ...plotStyle(inner[0] + 60, `where the error sits: ${strip ? name(1) : `${name(0)} × ${name(1)}`}`, "The sentence above says what is clear-cut."),
    height: inner[1] + 52, marginLeft: 48, marginRight: 12, marginTop: 8, marginBottom: 44,
    x: { domain: [0, breadth] }, y: { domain: [height, 0], axis: null }, color: { type: "identity" },
    marks: [
      axis(Plot.axisX, 1), strip ? null : axis(Plot.axisY, 0),
      Plot.rect(cells, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: (c) => levelColour(c.level), stroke: "var(--line)", strokeWidth: 0.5 }),
      side < 5 ? null : Plot.dot(cells.filter((c) => outside(c.level)), { x: (c) => middle(c).x, y: (c) => middle(c).y, symbol: "times", r: Math.min(3, side / 4), stroke: "var(--cross)" }),
      Plot.frame({ stroke: "var(--muted)", strokeOpacity: 0.5 }),
      Plot.tip(cells, Plot.pointer({ ...TIP, x: (c) => middle(c).x, y: (c) => middle(c).y, title: (c) => `${c.place}\n${levelText(c.level)}` })),
    ],
  });
}

const indexText = ([first, last]) => (first === last ? String(first) : `${first} to ${last}`);
const placeText = (name, range) => (name === null ? "" : `${name} ${indexText(range)}`);

function levelLegend() {
  const swatch = (level) => el("i", { "--fill": levelColour(level), title: levelText(level) });
  return el("p", { class: "levels", role: "img", "aria-label": "scale: no error; blue up to the bound; vermilion with a cross beyond it" },
    "0", swatch(0), el("span", {}, "1/1,000"), [20, 24, 28, 32, 36, 40].map(swatch), el("b", {}, "bound"), [42, 46, 51, 56, 61].map(swatch), el("span", {}, "1,000"));
}

// What holds of every element beyond the bound; said only where it is clear-cut. A block outside has at least one such element, a block inside none.
function whereWords(map, profile) {
  const said = [];
  if (profile?.levels.some(outside)) said.push(alongWords(profile));
  if (map?.levels.some(outside)) said.push(mapWords(map));
  return said.filter(Boolean);
}

function alongWords({ axes: [, name], of: [, size], levels }) {
  const blocks = levels.length;
  const those = (want) => levels.flatMap((level, i) => (outside(level) === want ? [i] : []));
  const [bad, good] = [those(true), those(false)];
  if (size === 1) return "";
  const channels = name === "channel";
  const places = channels ? `${size} channels` : `${size} places along ${name}`;
  if (!good.length) return blocks === size ? `Each of the ${places} has elements beyond the bound.` : "";
  const run = (some) => 2 * some.length <= blocks && some.at(-1) - some[0] + 1 === some.length;
  const named = (some, has, have) => {
    const range = [blockRange(some[0], blocks, size)[0], blockRange(some.at(-1), blocks, size)[1]];
    const one = range[0] === range[1];
    return `${channels ? (one ? "channel " : "channels ") : ""}${indexText(range)} (counted from 0) ${one ? has : have}`;
  };
  if (run(bad)) return `Of the ${places}, only ${named(bad, "has", "have")} elements beyond the bound.`;
  if (run(good)) return `Of the ${places}, ${named(good, "has", "have")} no element beyond the bound${blocks === size ? "; all others have" : ""}.`;
  return blocks === size ? `Of the ${places}, ${bad.length} have elements beyond the bound.` : "";
}

function mapWords({ axes, of, shape: [rows, columns], levels }) {
  const bad = levels.flatMap((level, i) => (outside(level) ? [[Math.floor(i / columns), i % columns]] : []));
  if (rows * columns === 1) return "";
  if (bad.length === levels.length) return "There are elements beyond the bound in every part of the map.";
  const along = [rows, columns].map((blocks, i) => clearCut(unique(bad.map((b) => b[i])).sort((a, b) => a - b), blocks, of[i], axes[i]));
  const where = along.filter(Boolean);
  if (where.length) return `All elements beyond the bound are at ${where.join(" and ")}${where.every((w) => /first|last/.test(w)) ? "" : " (counted from 0)"}.`;
  const border = ([r, c]) => r === 0 || c === 0 || r === rows - 1 || c === columns - 1;
  if (rows > 4 && columns > 4 && bad.every(border)) return `All elements beyond the bound are at the border${rows === of[0] && columns === of[1] ? "" : ", in the outermost blocks"}.`;
  return `There are elements beyond the bound in ${bad.length} of the ${levels.length} blocks of the map.`;
}

// "W = 27 (the last)" or "H = 2 to 5" where one run of blocks along an axis holds them all and is at most half of it; "odd W" where every second index may; else "".
function clearCut(blocks, all, size, name) {
  const run = blocks.at(-1) - blocks[0] + 1 === blocks.length;
  if (name === null || all === 1) return "";
  if (all === size && blocks.length > 2 && blocks.every((b) => b % 2 === blocks[0] % 2)) return `${blocks[0] % 2 ? "odd" : "even"} ${name}`;
  if (!run || 2 * blocks.length > all) return "";
  const range = [blockRange(blocks[0], all, size)[0], blockRange(blocks.at(-1), all, size)[1]];
  const [first, last] = range;
  const end = first === last && size > 2 ? (first === 0 ? " (the first)" : last === size - 1 ? " (the last)" : "") : "";
  return `${name} = ${indexText(range)}${end}`;
}
