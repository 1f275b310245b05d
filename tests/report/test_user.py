"""The page as a person uses it: looks, filters, opens a case, goes back, with mouse and keyboard."""

import re

import pytest

from tests.report.browser import until

TARGETS = ("chainer@cpu", "keras-jax@cpu", "onnxruntime@cpu")


@pytest.fixture
def results(make):
    """Forty files of five variants on three engines in two environments; one variant fails on one."""
    names = [f"layers/file{i}[v-{j}]" for i in range(40) for j in range(5)]
    for environment in ("py311", "py313"):
        make.fill([*names, "networks/net"], TARGETS, environment)
    make.cell(
        "layers/file7[v-3]", "keras-jax@cpu", "differs", "py313", ratio=40.0, message="conv: 40 times", blame=["conv"]
    )
    return make.results


def count(opened, selector="#matrix tbody a.cell"):
    return opened.page.locator(selector).count()


def found(page, text):
    """Waits until the matrix says that it shows so many cases."""
    page.locator(".found", has_text=re.compile(rf"^{re.escape(text)}")).wait_for()


def test_look_filter_open_and_go_back(visit, results):
    opened = visit(results).ready()
    page = opened.page
    assert "1 differs: layers/file7[v-3] on keras-jax" in page.locator("h1").inner_text()
    page.get_by_label("search cases").fill("file7[")
    found(page, "5 of 201 cases")
    page.locator("#counts a[data-verdict='differs']").click()
    found(page, "1 of 201 cases")
    assert "q=file7[" in page.url
    assert "verdict=differs" in page.url
    page.locator("#matrix a.cell.bad").click()
    page.wait_for_selector("html[data-case='layers/file7[v-3]']", state="attached")
    assert page.locator("#case .box.bad").is_visible()
    assert "target=keras-jax@cpu" in page.url
    assert "environment=py313" in page.url
    assert page.locator("#start").is_hidden()
    page.get_by_text("← all cases").click()
    found(page, "1 of 201 cases")
    page.get_by_role("button", name="clear filters").click()
    found(page, "201 of 201 cases")
    assert opened.console == []


def test_the_targets_of_a_case_are_a_table_of_environments(visit, results):
    page = visit(results, "#case=layers/file7[v-3]").ready().page
    targets = page.locator("#case table[aria-label='targets']")
    assert targets.locator("thead th").all_inner_texts() == ["", "py311", "py313"]
    assert targets.locator("tbody th").all_inner_texts() == list(TARGETS)
    assert targets.locator("a[aria-current]").get_attribute("href").endswith("target=keras-jax@cpu&environment=py313")
    targets.locator("a").first.click()
    page.locator("#case .verdict", has_text="rounding on chainer@cpu py311").wait_for()


def test_nothing_but_the_file_is_loaded(visit, results):
    opened = visit(results, "#case=networks/net").ready()
    opened.page.wait_for_selector("#case svg")
    assert [a for a in opened.loaded if not a.startswith("data:")] == [opened.page.url.partition("#")[0]]
    assert opened.console == []


def test_facets_narrow_cases_and_columns(visit, results):
    page = visit(results).ready().page
    page.locator("[data-facet='folder']").select_option("networks/")
    found(page, "1 of 201 cases, 6 verdicts in 2 environments")
    page.locator("[data-facet='environment']").select_option("py313")
    page.locator("[data-facet='engine']").select_option("chainer")
    found(page, "1 of 201 cases, 1 verdict")
    assert page.locator("#counts a[data-verdict='rounding'] b").inner_text() == "1"
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    found(page, "1 of 201 cases, 1 verdict")


def test_environments_are_merged_until_they_are_asked_for(visit, results):
    page = visit(results, "#q=file7[v-3]").ready().page
    assert page.locator("#matrix tbody a.cell").count() == 3
    bad = page.locator("#matrix a.cell.bad")
    assert bad.locator(".of").inner_text() == "1/2"
    assert "the worst of 2 environments, py313" in bad.get_attribute("title")
    assert "environment=py313" in bad.get_attribute("href")
    page.locator("[data-facet='environment']").select_option("*")
    until(page, "document.querySelectorAll('#matrix tbody a.cell').length", 6)
    assert page.locator("#matrix a.cell.bad").count() == 1


def test_a_column_sorts(visit, results):
    page = visit(results, "#rows=all&environment=*").ready().page
    page.locator("#matrix thead th[title^='chainer@cpu py313'] button").click()
    assert "sort=chainer@cpu py313" in page.evaluate("decodeURIComponent(location.hash)")
    until(page, "document.querySelectorAll('#matrix thead th[aria-sort=descending]').length", 1)
    heads = page.locator("#matrix tbody tr.group td:nth-child(3) .ratio").all_inner_texts()
    shown = [0.0 if t.startswith("<") else float(t) for t in heads]
    assert len(shown) >= 20
    assert shown == sorted(shown, reverse=True)


def test_rows_come_as_they_are_scrolled_to(visit, results):
    page = visit(results, "#rows=all").ready().page
    before = page.locator("#matrix tbody tr").count()
    assert before < 241
    page.evaluate("document.querySelector('#matrix tbody tr.end').scrollIntoView()")
    page.locator("#matrix tbody tr").nth(before).wait_for(state="attached")
    page.evaluate("document.querySelector('#matrix tbody tr.end')?.scrollIntoView()")
    page.locator("#matrix tbody tr").nth(240).wait_for(state="attached")
    page.locator("#matrix tbody tr.end").wait_for(state="detached")
    page.locator("#matrix tbody tr").nth(200).locator("a.cell").first.click()
    page.wait_for_selector("html[data-case]", state="attached")
    page.keyboard.press("Escape")
    page.locator("#start").wait_for()
    assert page.locator("#matrix tbody tr").count() == 241  # as it was left
    assert page.evaluate("scrollY") > 1000


def test_all_rows_are_printed(visit, results):
    page = visit(results, "#rows=all").ready().page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#matrix tbody tr:not(.end)").count() == 241


def test_folds_open_where_they_are(visit, results):
    page = visit(results, "#sort=name").ready().page
    rows = page.locator("#matrix tbody tr").count()
    page.locator("#matrix button.fold", has_text="file3").first.click()
    assert page.locator("#matrix tbody tr").count() == rows + 5
    assert page.evaluate("document.activeElement.textContent").startswith("layers/file3")
    page.keyboard.press("Enter")
    assert page.locator("#matrix tbody tr").count() == rows


def test_the_keyboard_alone(visit, results):
    opened = visit(results).ready()
    page = opened.page
    page.keyboard.press("/")
    page.keyboard.type("networks")
    found(page, "1 of 201 cases, 6 verdicts in 2 environments")
    page.keyboard.press("Escape")
    page.locator("#matrix tbody [tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-case='networks/net']", state="attached")
    assert "environment=py313" in page.url
    page.keyboard.press("p")
    page.wait_for_selector("html[data-case='layers/file39[v-4]']", state="attached")
    page.keyboard.press("Escape")
    page.locator("#start").wait_for()
    assert opened.console == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_have_contrast(visit, results, scheme):
    opened = visit(results, color_scheme=scheme).ready()
    pairs = opened.page.evaluate(
        """() => ['h1', '.found', '#matrix a.cell.bad', '#matrix .ratio', '.meta', '#counts a'].map((s) => {
            const node = document.querySelector(s); let over = node; let ground;
            do {
              ground = getComputedStyle(over).backgroundColor;
              over = over.parentElement;
            } while (over && /, 0\\)$|transparent/.test(ground));
            return [s, getComputedStyle(node).color, ground]; })"""
    )
    for selector, ink, ground in pairs:
        assert contrast(ink, ground) >= 4.5, (selector, ink, ground)
    before = opened.page.evaluate("getComputedStyle(document.body).color")
    opened.page.locator("#theme").click()
    assert opened.page.evaluate("getComputedStyle(document.body).color") != before


def contrast(one, other):
    """Of two CSS colours: WCAG 2.2, relative luminance."""

    def luminance(colour):
        parts = [float(x) / 255 for x in re.findall(r"[\d.]+", colour)[:3]]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return sum(w * x for w, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_alike_colours_would_be_seen():
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(140, 140, 140)", "rgb(255, 255, 255)") < 4.5


@pytest.mark.parametrize("width", [390, 820, 1600])
def test_nothing_is_wider_than_the_window(visit, results, width):
    page = visit(results).ready().page
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("#", "#case=layers/file7[v-3]"):
        page.goto(page.url.partition("#")[0] + address)
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_command_is_copied(visit, results):
    opened = visit(results, "#case=networks/net", permissions=["clipboard-read", "clipboard-write"]).ready()
    opened.page.locator("#case .copyable button").first.click()
    opened.page.get_by_text("copied").wait_for()
    assert opened.page.evaluate("navigator.clipboard.readText()").startswith("parity run cases/a.yaml -k networks/net")


def test_5000_verdicts_can_be_used(make, visit):
    names = [f"layers/file{i // 20}[variant-{i}]" for i in range(1000)]
    opened = visit(make.fill(names, [f"engine{i}@cpu" for i in range(5)]), "#rows=all").ready()
    page = opened.page
    found(page, "1,000 of 1,000 cases, 5,000 verdicts")
    assert page.locator("#matrix tbody tr").count() < 200
    page.get_by_label("search cases").fill("variant-77")
    found(page, "11 of 1,000 cases")
    assert opened.console == []


def test_rows_say_which_version_changed_a_result(visit, results):
    for environment, version in (("py311", "0.6.0"), ("py313", "0.10.0")):
        facts = {"versions": {"jax": version}, "mode": "eager"}
        results.targets[environment, "keras-jax@cpu"] |= {"facts": facts}
    opened = visit(results).ready()
    page = opened.page
    assert "In 1 case, environments found different things" in page.locator(".answer").inner_text()
    said = "keras-jax: rounding with jax 0.6.0 (py311), differs with jax 0.10.0 (py313)."
    assert said in page.locator("#matrix .changed").first.get_attribute("title")
    page.get_by_text("Show them.").click()
    found(page, "1 of 201 cases")
    page.locator("[data-facet='engine']").select_option("chainer")
    found(page, "0 of 201 cases")
    page.locator("[data-facet='engine']").select_option("")
    found(page, "1 of 201 cases")
    page.locator("#matrix tbody a.cell").first.click()
    page.locator("#case .box.note", has_text=said).wait_for()
    assert opened.console == []
