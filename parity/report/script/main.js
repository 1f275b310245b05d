// Start: theme, index, and what the address asks for.

const root = document.documentElement;

function themes() {
  const button = document.getElementById("theme");
  const apply = (choice) => {
    if (choice) root.dataset.theme = choice;
    button.textContent = `${choice || "auto"} theme`;
  };
  let choice = "";
  try {
    choice = localStorage.getItem("parity-theme") ?? "";
  } catch {
    choice = ""; // storage may be closed to files; the choice then lasts as long as the page
  }
  apply(["light", "dark"].includes(choice) ? choice : "");
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    apply(dark ? "light" : "dark");
    try {
      localStorage.setItem("parity-theme", root.dataset.theme);
    } catch {
      button.title = "not remembered: this browser keeps nothing for files";
    }
  });
}

function keys(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const typing = event.target.matches("input, select, textarea");
  const search = document.querySelector("#matrix input");
  if (event.key === "/" && !typing && !document.getElementById("start").hidden) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && typing) {
    event.target.blur();
  } else if (!typing) {
    document.querySelector(`#case:not([hidden]) [data-key="${CSS.escape(event.key)}"]`)?.click();
  }
}

async function begin() {
  themes();
  if (typeof DecompressionStream === "undefined") {
    document.getElementById("matrix").append(el("p", { class: "note" }, "This browser is too old to open the compressed data; any from 2023 on can."));
    return;
  }
  const index = new Index(JSON.parse(await unpacked(document.getElementById("index"))));
  const start = document.getElementById("start");
  const casePlace = document.getElementById("case");
  examTable(document.getElementById("exam-rows"));
  const matrix = new Matrix(index, document.getElementById("matrix"));
  const view = new CaseView(index, casePlace);
  let scrolled = 0;
  let shown = null;

  async function route() {
    const state = readState();
    if (state.case && !shown) scrolled = scrollY;
    start.hidden = Boolean(state.case);
    casePlace.hidden = !state.case;
    if (!state.case) {
      leftFrom = location.hash;
      matrix.render(state);
      if (shown) scrollTo(0, scrolled);
      shown = null;
      return;
    }
    const same = shown === state.case;
    shown = state.case;
    await view.show(state);
    if (!same) scrollTo(0, 0);
  }

  addEventListener("hashchange", route);
  addEventListener("keydown", keys);
  await route();
  root.dataset.ready = "true";
}

begin();
