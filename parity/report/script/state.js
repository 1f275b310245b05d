// What is shown stands in the address, so that it can be linked: #case=…&target=…, #q=…&verdict=… or #precision&case=…

const VIEWS = ["agreement", "precision", "timing"];
const FILTERS = ["q", "verdict", "folder", "family", "uses", "engine", "device", "environment"];
const KEYS = ["case", "target", "layer", "threads", "batch", "in", "pair", ...FILTERS, "sort", "rows", "precisions"];

const encode = (text) => encodeURIComponent(text).replace(/%(2F|5B|5D|2C|40|3A)/g, decodeURIComponent);

function readState() {
  const found = new URLSearchParams(location.hash.slice(1).replace(/\+/g, "%2B"));
  return { view: VIEWS.find((v) => found.has(v)) ?? "", ...Object.fromEntries(KEYS.map((k) => [k, found.get(k) ?? ""])) };
}

function hashOf(state) {
  return "#" + [state.view, ...KEYS.filter((k) => state[k]).map((k) => `${k}=${encode(String(state[k]))}`)].filter(Boolean).join("&");
}

// Typing in the search is not a step to go back to. A bare # would scroll to the top.
function replaceState(state) {
  const hash = hashOf(state);
  location.replace(hash === "#" ? "#all" : hash);
}

function caseHash(id, column, several, layer = "") {
  return hashOf({ case: id, target: column?.target, environment: several ? column?.environment : "", layer });
}
