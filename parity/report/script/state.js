// What is shown stands in the address, so that it can be linked: #case=…&target=… or #q=…&verdict=…

const KEYS = ["case", "target", "environment", "q", "verdict", "on", "sort", "rows"];

const encode = (text) => encodeURIComponent(text).replace(/%(2F|5B|5D|2C|40|3A)/g, decodeURIComponent);

function readState() {
  const found = new URLSearchParams(location.hash.slice(1).replace(/\+/g, "%2B"));
  return Object.fromEntries(KEYS.map((k) => [k, found.get(k) ?? ""]));
}

function hashOf(state) {
  return "#" + KEYS.filter((k) => state[k]).map((k) => `${k}=${encode(state[k])}`).join("&");
}

// Typing in the search is not a step to go back to. A bare # would scroll to the top.
function replaceState(state) {
  const hash = hashOf(state);
  location.replace(hash === "#" ? "#all" : hash);
}

function caseHash(id, column, several) {
  return hashOf({ case: id, target: column?.target, environment: several ? column?.environment : "" });
}
