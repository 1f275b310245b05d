// Rows that come into being as they are scrolled to: thousands at once would take a second.

const AT_ONCE = 120;

class Rows {
  constructor(body) {
    this.body = body;
    this.makers = [];
    this.end = el("tr", { class: "end", "aria-hidden": "true" }, el("td"));
    this.watch = new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && this.more(), { rootMargin: "1200px" });
    addEventListener("beforeprint", () => this.more(Infinity));
  }

  // makers: functions that each give some rows.
  fill(makers) {
    this.makers = [...makers];
    this.watch.disconnect();
    this.body.replaceChildren();
    this.more();
  }

  // Whether there were any.
  more(number = AT_ONCE) {
    const rows = [];
    while (this.makers.length && rows.length < number) rows.push(...this.makers.shift()());
    this.watch.unobserve(this.end);
    this.end.remove();
    this.body.append(...rows);
    if (this.makers.length) {
      this.body.append(this.end);
      this.watch.observe(this.end); // anew, or a sentinel that stays in sight would never be told of again
    }
    return rows.length > 0;
  }
}
