"""The test study on real MNIST, through the real snakemake command, and its report in a real browser."""

import base64
import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser

from browser import Visit, chromium, faults_of_html
from conftest import REPOSITORY, Checkout, checkout
from distancenets.configuration.study import load_study
from distancenets.datasets.store import Dataset
from distancenets.markdown import parse_table
from distancenets.report.commands import commands
from distancenets.runs.manifest import MANIFEST, archive_folder
from distancenets.training.paths import run_path
from requirements import needs_compiler

pytestmark = pytest.mark.slow

TEST = ("--configfile", "config/test.yaml")
# A copy in which Snakemake ran, and what it said.
Finished = tuple[Checkout, subprocess.CompletedProcess[str]]
BOTH = ("--logger", "distancenets", "--configfile", "config/both.yaml")
# Kept after the tests, for people to look at.
SCREENSHOTS = REPOSITORY / "tests" / "screenshots"
HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4')].map(heading => heading.tagName)"


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Checkout:
    """A copy in which config/test.yaml has been run, on real MNIST."""
    copy = checkout(tmp_path_factory.mktemp("tested"))
    source = Path(__file__).parent.parent / "data" / "mnist"
    (copy.folder / "data" / "mnist").mkdir(parents=True)
    for name in ("images.safetensors", "manifest.json"):
        (copy.folder / "data" / "mnist" / name).hardlink_to(source / name)
    copy.complete(*TEST)
    return copy


def results(copy: Checkout, study: str) -> Path:
    return copy.folder / "results" / study


def test_the_test_study_runs_end_to_end(tested: Checkout) -> None:
    root = results(tested, "test")
    study = load_study(tested.folder / "config" / "test.yaml")
    runs = list(study.runs())
    assert all((root / run_path(run) / "weights.safetensors").exists() for run in runs)
    table = pd.read_csv(root / "runs.csv")
    # `raw` keeps two milestones, `standardised` one.
    assert len(table) == sum(2 if run.experiment == "raw" else 1 for run in runs)
    assert table["test_accuracy"].between(0, 100).all()


def test_tables_stand_beside_the_published_values(tested: Checkout) -> None:
    tables = results(tested, "test") / "tables"
    for name in ("table1", "table2", "table3", "table4", "table5", "discussion"):
        assert {path.suffix for path in tables.glob(f"{name}.*")} == {".csv", ".md", ".tex"}
        assert "\\toprule" in (tables / f"{name}.tex").read_text()
    rows = pd.read_csv(tables / "table2.csv").set_index("printed")
    runs = pd.read_csv(results(tested, "test") / "runs.csv")
    mine = runs[(runs["experiment"] == "raw") & (runs["model"] == "ReLU2") & (runs["epoch"] == 2)]["test_accuracy"]
    assert rows["mean"]["ReLU2"] == pytest.approx(mine.mean())
    assert rows["sd_population"]["ReLU2"] == pytest.approx(mine.std(ddof=0))
    assert rows["difference"]["ReLU2"] == pytest.approx(mine.mean() - rows["published_mean"]["ReLU2"])
    assert rows["n"]["Abs"] == 0
    assert "not trained" in (tables / "table2.md").read_text()
    assert len(pd.read_csv(tables / "table1.csv")) == 16


def test_figures_are_pictures_with_something_in_them(tested: Checkout) -> None:
    figures = results(tested, "test") / "figures"
    names = {path.stem for path in figures.glob("*.png")}
    assert {"figure1", "learning_curves_raw", "final_accuracies_standardised"} <= names
    for name in names:
        with Image.open(figures / f"{name}.png") as picture:
            assert picture.width > 600 and len(picture.convert("RGB").getcolors(maxcolors=1 << 24) or []) > 10
        assert (figures / f"{name}.svg").read_text().rstrip().endswith("</svg>")


def test_the_summary_shows_every_table_and_figure(tested: Checkout) -> None:
    root = results(tested, "test")
    summary = (root / "summary.md").read_text()
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", summary)
    assert len(pictures) >= 5 and all((root / picture).exists() for picture in pictures)
    assert all((root / "tables" / f"{name}.md").read_text().strip() in summary for name in ("table1", "table5"))


def test_a_second_run_does_nothing(tested: Checkout) -> None:
    answer = tested.snakemake(*TEST)
    assert answer.returncode == 0 and "Nothing to be done" in answer.stderr + answer.stdout


def test_a_configfile_replaces_the_default_study(tested: Checkout) -> None:
    answer = tested.snakemake("-n", "--configfile", "config/paper.yaml", "--config", "seeds=2")
    assert answer.returncode == 0, answer.stderr
    assert "results/paper/" in answer.stdout + answer.stderr
    assert "results/quick/" not in answer.stdout + answer.stderr


# The report


@pytest.fixture(scope="module")
def report(tested: Checkout) -> Path:
    return results(tested, "test") / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def visit(browser: Browser, report: Path) -> Visit:
    return Visit(browser, report)


def test_the_report_holds_every_table_figure_and_verdict(tested: Checkout, report: Path) -> None:
    root, page = results(tested, "test"), html.unescape(report.read_text())
    assert report.stat().st_size < 5_000_000
    for path in (root / "tables").glob("*.md"):
        table = parse_table(path.read_text())
        for cell in {cell for row in (table.header, *table.rows) for cell in row}:
            assert f">{cell}<" in page, f"{path.name}: {cell}"
    for path in (root / "figures").glob("*.svg"):
        assert base64.b64encode(path.read_bytes()).decode() in page, path.name
    rulings = json.loads((root / "claims.json").read_text())
    reported = [ruling for ruling in rulings if ruling["experiment"] == "raw"]
    for ruling in reported:
        assert ruling["statement"] in page and ruling["rule"] in page and ruling["why"] in page
        assert all(number["measured"] in page and number["published"] in page for number in ruling["numbers"])
    first = next(number for number in reported[1]["numbers"] if number["quantity"] == "ReLU2")
    assert first["published"] == "56.31 ± 19.31" and re.fullmatch(r"\d+\.\d\d ± \d+\.\d\d", first["measured"])
    found = re.findall(r'download="([^"]+)" href="data:[^,]+;base64,([^"]+)"', page)
    contents = {name: base64.b64decode(content) for name, content in found}
    assert contents["tables_table2.csv"] == (root / "tables" / "table2.csv").read_bytes()
    assert contents["provenance.csv"] == (root / "provenance.csv").read_bytes()
    assert len(pd.read_csv(root / "provenance.csv")) == len(list(load_study(tested.folder / "config/test.yaml").runs()))


def test_the_commands_shown_are_those_of_the_workflow(tested: Checkout, report: Path) -> None:
    answer = tested.snakemake("-n", "--printshellcmds", "--forceall", *TEST)
    assert answer.returncode == 0, answer.stderr
    printed = re.findall(r"(distancenets [^>\n]+) > ", answer.stdout + answer.stderr)
    ran = {" ".join(command.split()) for command in printed}
    root, page = Path("results/test"), html.unescape(report.read_text())
    shown = set(re.findall(r"<code>(distancenets [^<]+)</code>", page))
    known = [commands(root, experiment) for experiment in ("raw", "standardised")]
    assert shown == {command for each in known for command in each.values()}
    assert shown - ran == set()


def test_the_page_opens_without_a_network_an_error_or_an_empty_figure(visit: Visit, report: Path) -> None:
    assert visit.complaints == [] and visit.requests() == [report.as_uri()]
    sizes = visit.page.evaluate(
        "[...document.images].map(i => [i.naturalWidth, i.clientWidth, i.clientHeight, i.alt.length])"
    )
    assert len(sizes) >= 20 and all(min(size) > 20 for size in sizes)
    assert visit.page.locator("figure table").count() >= 14
    assert all(
        len(visit.column(f"#{key}", 1)) > 1
        for key in visit.page.evaluate("[...document.querySelectorAll('figure:has(table)')].map(figure => figure.id)")
        # The two experiments of config/test.yaml share no model, so there is nothing to contrast.
        if key != "contrasts"
    )
    links = visit.page.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map(link => link.hash.slice(1))")
    assert {link for link in links if not visit.page.locator(f"[id='{link}']").count()} == set()


def test_tables_sort_by_keyboard_and_by_pointer(visit: Visit) -> None:
    heading = visit.page.locator("#table2 th").nth(2)
    heading.locator("button").focus()
    visit.page.keyboard.press("Enter")
    published = [float(text.split()[0]) for text in visit.column("#table2", 3)]
    assert published == sorted(published) and len(set(published)) > 3
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.locator("button").click()
    assert [float(text.split()[0]) for text in visit.column("#table2", 3)] == sorted(published, reverse=True)
    visit.page.locator("#claims th button").first.click()
    visit.page.locator("#claims th button").first.click()
    assert visit.column("#claims", 1) == [str(number) for number in range(14, 0, -1)]
    visit.page.locator("#table2 th button").first.click()
    assert heading.get_attribute("aria-sort") is None
    names = visit.column("#table2", 1)
    assert names == sorted(names, key=str.lower)


def test_learning_curves_pick_models_and_switch_axes(visit: Visit, tested: Checkout) -> None:
    plot = visit.page.locator(".plot").first
    lines = plot.locator("svg.drawing path")
    names = [name.strip() for name in plot.locator(".models label").all_inner_texts()]
    assert lines.count() == plot.locator(".models input:checked").count() > 0
    plot.get_by_role("button", name="All models").click()
    assert lines.count() == len(names) == plot.locator(".models label").count()
    plot.get_by_role("button", name="No model").click()
    assert lines.count() == 0
    box = plot.get_by_role("checkbox", name="ReLU2-Neg", exact=False).first
    box.focus()
    visit.page.keyboard.press("Space")
    assert lines.count() == 1
    linear = lines.first.get_attribute("d")
    plot.get_by_role("group", name="Values").get_by_label("log").check()
    assert lines.first.get_attribute("d") != linear
    curve = pd.read_csv(results(tested, "test") / "curves" / "raw" / "relu_distance.csv")
    shown = plot.locator(".models output").filter(has_text=re.compile(r"\d")).first
    assert float(shown.inner_text()) == pytest.approx(100 - curve["test_accuracy"].iloc[-1], rel=1e-3)
    plot.get_by_role("slider").focus()
    visit.page.keyboard.press("Home")
    assert float(shown.inner_text()) == pytest.approx(100 - curve["test_accuracy"].iloc[0], rel=1e-3)
    plot.get_by_label("Quantity").select_option("train_loss")
    assert float(shown.inner_text().replace(",", "")) == pytest.approx(curve["train_loss"].iloc[0], rel=1e-3)
    assert "nan" not in str(lines.first.get_attribute("d")).lower() and visit.complaints == []


# A phone; just above the widths at which claims become a table and the contents a column; a desk.
@pytest.mark.parametrize("width", [360, 1030, 1270, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_text_leaves_its_place(browser: Browser, report: Path, width: int, scheme: str) -> None:
    visit = Visit(browser, report, width, scheme)
    SCREENSHOTS.mkdir(exist_ok=True)
    visit.page.screenshot(path=SCREENSHOTS / f"{scheme}-{width}-top.png")
    for part in ("#claims", ".plot"):
        visit.page.locator(part).first.screenshot(path=SCREENSHOTS / f"{scheme}-{width}-{part[1:]}.png")
    # Other tables may be wider than a phone and scroll; the claims are read in one glance.
    assert visit.page.locator(".scroll:has(.claims)").evaluate("box => box.scrollWidth - box.clientWidth") == 0
    assert visit.overflows() == []
    visit.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1400, "dark")])
def test_the_page_is_accessible(browser: Browser, report: Path, width: int, scheme: str) -> None:
    visit = Visit(browser, report, width, scheme)
    violations = Axe().run(visit.page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
    levels = [int(name[1]) for name in visit.page.evaluate(HEADINGS)]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    visit.context.close()


def test_the_page_prints(browser: Browser, report: Path) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    visit = Visit(browser, report)
    pages = visit.page.pdf(path=SCREENSHOTS / "print.pdf", format="A4")
    assert visit.page.locator("details.ruling:not([open])").count() == 0
    visit.context.close()
    assert pages.startswith(b"%PDF") and 5 < len(re.findall(rb"/Type /Page\b", pages)) < 80


def test_the_html_is_valid(report: Path) -> None:
    assert faults_of_html(report) == []


def test_snakemakes_own_report_has_a_caption_for_everything(tested: Checkout) -> None:
    answer = tested.snakemake("--report", "snakemake.html", *TEST)
    assert answer.returncode == 0, answer.stderr
    page = (tested.folder / "snakemake.html").read_text()
    root = results(tested, "test")
    reported = [*(root / "tables").iterdir(), *(root / "figures").iterdir(), root / "claims.md", root / "audit.md"]
    assert [path.name for path in (*reported, root / "report.html") if path.name not in page] == []
    captions = (tested.folder / "workflow" / "captions").glob("*.rst")
    said = [re.sub(r"\{\{.*?\}\}", "raw", path.read_text()).strip() for path in captions]
    assert len(said) >= 13 and [text for text in said if text.split(":")[0].split("’")[0] not in page] == []
    rules = "".join(path.read_text() for path in (tested.folder / "workflow" / "rules").glob("*.smk"))
    assert rules.count("report(") == rules.count("caption=") == rules.count("category=") > 10


# Two studies on one page, and what `make` says


@pytest.fixture(scope="module")
def both(tested: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A copy in which a small study was run that stands beside the archived test study; and what that said."""
    copy = Checkout(tmp_path_factory.mktemp("both") / "copy")
    shutil.copytree(tested.folder, copy.folder)
    copy.distancenets("archive", "--study", "config/test.yaml")
    copy.complete(*TEST, "--config", "missing=skip")
    # As in a clone: what git does not keep of the study beside is not there.
    for name in ("runs", "measurements", "curves", "statistics", "report.html", "learning_curves.parquet"):
        path = results(copy, "test") / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    study = yaml.safe_load((copy.folder / "config" / "test.yaml").read_text())
    study |= {"study": "both", "architectures": ["relu"], "experiments": {"usual": {"epochs": 2, "hidden": 32}}}
    study["report"] = {"beside": "config/test.yaml", "figure1": {"node": 3}}
    (copy.folder / "config" / "both.yaml").write_text(yaml.safe_dump(study))
    return copy, copy.snakemake(*BOTH)


def last_words(copy: Checkout) -> str:
    """Return what the study `both` ends with, as a pattern."""
    page = re.escape((results(copy, "both") / "report.html").as_uri())
    return (
        r"Test's protocol  \d+ undetermined\n"
        r"Usual protocol   \d+ undetermined\n"
        r"Spot check       16 of 16 runs were reproduced to the bit on .+ \(draw \d+\)\n"
        rf"Report           {page}\n"
    )


@needs_compiler
def test_progress_is_shown_and_the_last_lines_are_the_answer(
    both: Finished,
) -> None:
    copy, answer = both
    assert answer.returncode == 0, answer.stderr
    assert re.fullmatch(last_words(copy), answer.stdout), answer.stdout
    lines = [line for line in answer.stderr.splitlines() if not line.startswith("Using workflow specific profile")]
    assert lines and all(re.search(r"\d+ of \d+ steps, \d+:\d\d left$", line) for line in lines), answer.stderr
    again = copy.snakemake(*BOTH)
    assert re.fullmatch(last_words(copy), again.stdout) and "steps" not in again.stderr
    assert "files follow from the archive" in (results(copy, "both") / "verified.txt").read_text()


@needs_compiler
def test_one_page_shows_both_studies(both: Finished, browser: Browser) -> None:
    copy, _ = both
    path = results(copy, "both") / "report.html"
    visit = Visit(browser, path)
    ids = visit.page.evaluate("[...document.querySelectorAll('main > *')].map(part => part.id)")
    assert ids[:4] == ["verdict", "claims", "check", "decided"]
    assert visit.page.locator(".answer").inner_text().count("Under the ") == 2
    heads = [text.strip(" ↕") for text in visit.page.locator(".claims thead th").all_inner_texts()]
    assert heads == ["No.", "Claim", "Published", "Test's protocol", "Usual protocol", "Evidence"]
    for column, study, experiment in ((4, "test", "raw"), (5, "both", "usual")):
        rulings = json.loads((results(copy, study) / "claims.json").read_text())
        verdicts = [entry["verdict"] for entry in rulings if entry["experiment"] == experiment]
        assert [text.split()[0] for text in visit.column("#claims", column)] == verdicts
    assert "16 of 16 runs were reproduced to the bit" in visit.page.locator("#check").inner_text()
    assert len(visit.column("#check", 1)) == 16
    # Each study's tables have their own place.
    assert visit.column("#test-table2", 4) != visit.column("#table2", 4)
    links = visit.page.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map(link => link.hash.slice(1))")
    assert {link for link in links if not visit.page.locator(f"[id='{link}']").count()} == set()
    assert visit.complaints == []
    levels = [int(name[1]) for name in visit.page.evaluate(HEADINGS)]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    assert faults_of_html(path) == []
    visit.context.close()
    SCREENSHOTS.mkdir(exist_ok=True)
    for width in (360, 1030, 1400):
        visit = Visit(browser, path, width)
        visit.page.screenshot(path=SCREENSHOTS / f"both-{width}-top.png")
        visit.page.locator("#claims").screenshot(path=SCREENSHOTS / f"both-{width}-claims.png")
        assert visit.page.locator(".scroll:has(.claims)").evaluate("box => box.scrollWidth - box.clientWidth") == 0
        assert visit.overflows() == []
        visit.context.close()


@needs_compiler
def test_a_number_that_does_not_come_out_again_fails_in_one_line(both: Finished, tmp_path: Path) -> None:
    copy = Checkout(tmp_path / "copy")
    shutil.copytree(both[0].folder, copy.folder)
    root = results(copy, "test")
    [path] = (archive_folder(root) / "raw" / "relu" / "distance").glob("metrics-*.parquet")
    table = pd.read_parquet(path)
    wanted = table["epoch"] == 1
    table.assign(test_accuracy=table["test_accuracy"].where(~wanted, table["test_accuracy"] + 0.01)).to_parquet(path)
    (archive_folder(root) / MANIFEST).unlink()
    copy.distancenets("archive", "--repair", "--study", "config/test.yaml")
    answer = copy.snakemake(*BOTH)
    assert answer.returncode != 0 and answer.stdout == ""
    failed = [line for line in answer.stderr.splitlines() if line.startswith("failed: ")]
    assert any("2 of 16 runs differ from the archive" in line and "recheck_archived.log" in line for line in failed), (
        answer.stderr
    )
