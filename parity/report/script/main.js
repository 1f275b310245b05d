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
  const search = document.querySelector("#matrix input[type='search']");
  if (event.key === "/" && !typing && !document.getElementById("start").hidden) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && typing) {
    event.target.blur();
  } else if (!typing) {
    const link = document.querySelector(`main > .one:not([hidden]) [data-key="${CSS.escape(event.key)}"]`);
    if (link) link.click();
    else if (event.key === "Escape" && document.getElementById("start").hidden) location.hash = leftFrom; // a view without a link back
  }
}

// What the list, table or graph around an element is called.
const listOf = (element) => element?.closest("[aria-label]")?.getAttribute("aria-label");

async function begin() {
  themes();
  if (typeof DecompressionStream === "undefined") {
    document.getElementById("matrix").append(el("p", { class: "note" }, "This browser is too old to open the compressed data; any from 2023 on can."));
    return;
  }
  const index = new Index(JSON.parse(await unpacked(document.getElementById("index"))));
  const start = document.getElementById("start");
  examTable(document.getElementById("exam-rows"));
  const matrix = new Matrix(index, document.getElementById("matrix"));
  const place = (name) => document.getElementById(name);
  const views = { case: new CaseView(index, place("case")) };
  if (place("agreement")) views.agreement = new AgreementView(index, place("agreement"));
  if (place("precision")) views.precision = new PrecisionView(index, place("precision"));
  if (place("timing")) views.timing = new TimingView(index, place("timing"));
  const title = document.title;
  let scrolled = 0;
  let shown = "";
  let left = null; // where the focus was in the matrix

  // What is drawn anew loses the focus: it goes to the same link in it, or to a view that was just opened.
  function refocus(place, fresh, list) {
    if (!fresh && document.activeElement !== document.body) return;
    const here = hashOf(readState());
    const same = [...place.querySelectorAll("a[href]")].filter((link) => !fresh && link.getAttribute("href") === here);
    (same.find((link) => listOf(link) === list) ?? same[0] ?? place).focus({ preventScroll: true });
  }

  async function route() {
    const state = readState();
    const name = views[state.view] ? state.view : state.case ? "case" : "";
    const now = name && `${name} ${state.case}`;
    if (name && !shown) [scrolled, left] = [scrollY, document.activeElement];
    start.hidden = Boolean(name);
    for (const other of Object.keys(views)) place(other).hidden = other !== name;
    for (const link of document.querySelectorAll(".views a")) {
      if (link.dataset.view === (name === "case" ? "" : name)) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = name ? `${[state.case, name === "case" ? "" : name].filter(Boolean).join(" · ")} · parity` : title;
    const before = shown;
    shown = now;
    if (!name) {
      leftFrom = location.hash;
      matrix.render(state);
      if (!before) return;
      left?.focus({ preventScroll: true });
      scrollTo(0, scrolled);
      return;
    }
    const list = listOf(document.activeElement);
    await views[name].show(state);
    if (now !== before) scrollTo(0, 0);
    if (root.dataset.ready) refocus(place(name), now !== before, list); // an address that is opened leaves the focus to the browser
  }

  addEventListener("hashchange", route);
  addEventListener("keydown", keys);
  await route();
  root.dataset.ready = "true";
}

begin();
