"""Where a link leads and where the focus goes; what an address asks for that is not there is said."""

import re

import pytest

from tests.report.browser import until
from tests.report.test_agreement import ENGINES, kept
from tests.report.test_user import contrast

FOCUSED = "document.activeElement.getAttribute('href') ?? document.activeElement.id"


@pytest.fixture
def results(make):
    for environment in ("new", "old"):
        make.fill(["a", "b"], ENGINES, environment)
    for (environment, case, target), found in make.results.cells.items():
        shift = 0.1 * ENGINES.index(target) + 0.05 * (environment == "old")
        found["final"][0] |= kept([0.1 + shift * (case == "a"), 0.2])
    return make.results


def test_the_focus_follows_a_link_and_comes_back(visit, results):
    page = visit(results).ready().page
    cell = page.locator("#matrix tbody tr:nth-child(2) a.cell").nth(1)
    came = cell.get_attribute("href")
    cell.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-case='b']", state="attached")
    until(page, FOCUSED, "case")
    assert page.title() == "b · parity"
    other = page.locator("#case table[aria-label='targets'] a").nth(3)
    wanted = other.get_attribute("href")
    other.focus()
    page.keyboard.press("Enter")
    until(page, FOCUSED, wanted)
    assert page.evaluate("document.activeElement.closest('[aria-label]').ariaLabel") == "targets"
    across = page.locator("#case .across a").first
    wanted = across.get_attribute("href")
    across.focus()
    page.keyboard.press("Enter")
    until(page, FOCUSED, wanted)
    assert "on all targets" in page.evaluate("document.activeElement.closest('[aria-label]').ariaLabel")
    page.keyboard.press("Escape")
    until(page, FOCUSED, came)
    assert page.title() != "b · parity"


def test_escape_leaves_a_view_that_has_no_link_back(visit, results):
    page = visit(results, "#q=b").ready().page
    page.get_by_role("navigation", name="views").get_by_role("link", name="agreement").click()
    page.locator("#agreement h1").wait_for()
    page.keyboard.press("Escape")
    page.locator(".found", has_text="1 of 2 cases").wait_for()


def test_lines_of_many_columns_differ_in_colour_or_symbol(visit, make):
    make.fill(["a"], [f"engine{i}@cpu" for i in range(10)])
    make.case("a", layers=("conv", "relu", "l2", "l3"))
    for i in range(10):
        make.cell("a", f"engine{i}@cpu")
    page = visit(make.results, "#case=a").ready().page
    swatches = page.locator("#case .plotting [class*='-swatch'] svg")
    swatches.first.wait_for()
    looks = swatches.evaluate_all("all => all.map((s) => [s.outerHTML, getComputedStyle(s).fill].join())")
    assert len(looks) == 10
    assert len(set(looks)) == 10


def test_an_address_that_is_opened_leaves_the_focus_alone(visit, results):
    page = visit(results, "#case=a").ready().page
    assert page.evaluate("document.activeElement === document.body")


def test_the_head_that_sorts_keeps_the_focus(visit, results):
    page = visit(results).ready().page
    page.locator("#matrix .sorts").nth(1).focus()
    page.keyboard.press("Enter")
    page.locator("#matrix [aria-sort='descending']").wait_for()
    assert page.evaluate("document.activeElement.closest('th').ariaSort") == "descending"


def test_a_count_that_is_chosen_says_so(visit, results):
    page = visit(results, "#verdict=rounding").ready().page
    assert page.locator("#counts a[data-verdict='rounding']").get_attribute("aria-current") == "true"
    assert page.locator("#counts a[data-verdict='changed']").get_attribute("aria-current") is None


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("target=nope", "no verdict of nope on this case; this is chainer@cpu in new"),
        (
            "target=chainer@cpu&environment=nope",
            "no verdict of chainer@cpu in nope on this case; this is chainer@cpu in",
        ),
        ("environment=nope", "no verdict of nope on this case"),
        ("target=chainer@cpu&layer=nope", "no layer called nope; this is"),
        ("target=chainer@cpu&environment=old&layer=relu", ""),
        ("environment=old", ""),
    ],
)
def test_what_a_case_does_not_have_is_said(visit, results, address, said):
    opened = visit(results, f"#case=a&{address}").ready()
    told = opened.page.locator("#case [role='status']")
    assert told.count() == bool(said)
    if said:
        assert said in told.inner_text()
    if "old" in address:
        assert "py" not in opened.page.locator("#case .verdict").inner_text()
        assert opened.page.locator("#case .verdict").inner_text().endswith("chainer@cpu old")
    assert opened.console == []


def test_a_missing_pair_is_said_and_a_pair_stays_over_environments(visit, results):
    opened = visit(results, "#agreement&environment=nope&pair=nope").ready()
    page = opened.page
    assert page.locator("#agreement [role='status']").inner_text() == "Nothing was compared of the pair nope."
    page.locator("#agreement .square a").first.click()
    page.locator("#agreement h3", has_text="Furthest apart").wait_for()
    assert "nope" not in page.url
    page.locator("#agreement").get_by_role("link", name="old", exact=True).click()
    page.wait_for_url(re.compile("environment=old"))
    page.locator("#agreement h3", has_text="Furthest apart").wait_for()
    assert opened.console == []


def test_distances_that_were_not_kept_are_not_called_nothing(visit, results):
    for i, found in enumerate(results.cells.values()):
        found["final"][0] |= {"sample": None, "bits": f"{i:016}"}
    page = visit(results, "#agreement&pair=chainer@cpu%20keras-jax@cpu").ready().page
    text = page.locator("#agreement").inner_text()
    assert "No figures were kept" in text
    assert "the same everywhere" not in text
    assert set(page.locator("#agreement .square:not(.small) .ratio").all_inner_texts()) == {"–"}


def test_cases_of_an_environment_that_are_not_listed_are_counted(visit, make):
    names = [f"c{i}" for i in range(11)]
    for environment in ("new", "old", "odd"):
        make.fill(names, ["chainer@cpu"], environment)
    for (environment, _, _), found in make.results.cells.items():
        found["final"][0] |= kept([0.5 if environment == "odd" else 0.1])
    page = visit(make.results, "#agreement").ready().page
    said = page.locator("#agreement .block .lead").inner_text()
    assert said.startswith("odd alone: c0, c1, ")
    assert said.endswith("c7 and 3 more")


def test_of_two_environments_the_cases_that_differ_are_named(visit, results):
    page = visit(results, "#agreement").ready().page
    blocks = page.locator("#agreement .block")
    assert blocks.count() == 3
    assert blocks.first.locator(".lead").inner_text() == "furthest apart first: a"
    blocks.first.locator(".lead a").click()
    page.wait_for_selector("html[data-case='a']", state="attached")
    assert page.locator("#case .verdict").inner_text().endswith("chainer@cpu old")


@pytest.mark.parametrize("environment", ["", "*", "old"])
def test_cases_are_sorted_by_a_column_that_is_not_shown(visit, results, environment):
    for name, ratio in (("a", 0.2), ("b", 0.6)):
        results.cells["new", name, "chainer@cpu"]["final"][0]["metrics"]["bound_ratio"] = ratio
        for layer in results.cells["new", name, "chainer@cpu"]["layers"]:
            layer["metrics"]["bound_ratio"] = ratio
        for key, cell in results.cells.items():
            if key[1] == "a" and key != ("new", "a", "chainer@cpu"):
                cell["final"][0]["metrics"]["bound_ratio"] = 0.9
    page = visit(results, f"#sort=chainer@cpu new&environment={environment}").ready().page
    assert page.locator("#matrix tbody th a").all_inner_texts() == ["b", "a"]
    assert page.get_by_label("order").input_value() == "chainer@cpu new"


def test_an_unknown_order_is_the_usual_one(visit, results):
    page = visit(results, "#sort=nope").ready().page
    assert page.get_by_label("order").input_value() == ""


def test_a_merged_cell_is_one_of_those_it_stands_for(make, visit):
    for environment in ("e1", "e2", "e3"):
        make.fill(["a"], ["chainer@cpu"], environment)
    make.cell("a", "chainer@cpu", "differs", "e2", ratio=40.0, message="forty times")
    make.cell("a", "chainer@cpu", "crashed", "e3", message="out of memory")
    title = visit(make.results).ready().page.locator("#matrix a.cell").get_attribute("title")
    assert "the worst of 3 environments, e3" in title
    assert "out of memory" in title
    assert "÷ bound" not in title


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["", "#agreement", "#case=a&target=chainer@cpu"])
def test_what_stands_on_a_shade_can_be_read(visit, results, scheme, address):
    for found in results.cells.values():
        for part in (*found["layers"], *found["final"]):
            part["metrics"]["bound_ratio"] = 0.99
    page = visit(results, address, color_scheme=scheme).ready().page
    pairs = page.evaluate(
        """() => {
          const sheet = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
          const rgb = (colour) => {
            sheet.fillStyle = colour;
            sheet.fillRect(0, 0, 1, 1);
            return `rgb(${sheet.getImageData(0, 0, 1, 1).data.slice(0, 3)})`;
          };
          const said = document.querySelectorAll(':is(.cell, .canvas .node, .pairing) span:not(.spoken)');
          return [...said].filter((span) => span.offsetParent).map((span) => {
            const under = getComputedStyle(span.closest('.cell, .node, .pairing'));
            const shade = under.backgroundImage.match(/(rgb|color|oklab)\\([^)]*\\)/);
            return [span.className, getComputedStyle(span).color, shade ? shade[0] : under.backgroundColor];
          }).map(([name, ink, ground]) => [name, rgb(ink), rgb(ground)]);
        }"""
    )
    assert len(pairs) > 4
    for name, ink, ground in pairs:
        assert contrast(ink, ground) >= 4.5, (name, ink, ground)


def test_what_is_spoken_alone_makes_no_page_wider(make, visit):
    make.fill(["a"], [f"engine{i}@cpu" for i in range(7)])
    for found in make.results.cells.values():
        found["layers"] = [found["layers"][1] | {"nodes": ["conv", "relu"]}]
    page = visit(make.results, "#case=a").ready().page
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.locator("#case td.fused .spoken").count() == 7
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_names_of_columns_are_printed_on_every_sheet(visit, results):
    page = visit(results).ready().page
    page.emulate_media(media="print")
    assert page.locator("#matrix .sorts").first.evaluate("b => getComputedStyle(b).display") == "contents"
