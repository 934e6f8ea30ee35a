"""Exhibits: every table and figure of the page, with its caption, its data and the command that made it."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from jinja2 import Template

from distancenets.configuration.study import Study
from distancenets.derived import read_content
from distancenets.errors import UserError
from distancenets.files import read_text
from distancenets.markdown import MarkdownTable, parse_table
from distancenets.measurements.registry import MEASUREMENTS, drawn_figures
from distancenets.report.commands import commands
from distancenets.report.embedded_files import Download, Downloads, data_address
from distancenets.report.summary import DISAGREEMENT


class Exhibit(NamedTuple):
    """One table or figure: `key` is its id in the page, `picture` its image as a data address."""

    key: str
    title: str
    caption: str
    command: str
    downloads: Sequence[Download]
    table: MarkdownTable | None = None
    picture: str | None = None


class Exhibits:
    """The tables and figures of a study, from the files below the root of `downloads` and the captions in `captions`.

    With a prefix of `downloads`, missing data are left out, because git does not keep all data of a study.
    Call the methods in the order of the page: a file that several exhibits share is embedded at its first use.
    """

    def __init__(self, study: Study, downloads: Downloads, captions: Path) -> None:
        self.study, self.downloads, self.captions = study, downloads, captions
        self.root = downloads.root

    def key(self, name: str) -> str:
        """Return the id of the exhibit `name` in the page."""
        return self.downloads.prefix.replace("/", "-") + name

    def paper(self) -> list[Exhibit]:
        """Return the paper's tables and figure, rebuilt, in its order."""
        reported = self.study.reported_experiment
        first, second = ("table1", "table2", "table3", "discussion"), ("table4", "table5")
        figure1 = self._figure("figure1", "Figure 1", "figure1", reported, ["measurements/figure1.csv"])
        made = commands(self.root, reported)["tables"]
        return [
            *(self._table(name, made) for name in first),
            figure1,
            *(self._table(name, made) for name in second),
        ]

    def accuracies(self) -> list[Exhibit]:
        """Return the figures of all runs per experiment, and the table of protocols."""
        data = {
            "final_accuracies": ("Final test accuracies", "runs.csv"),
            "differences": ("Differences of models", "statistics/comparisons.csv"),
        }
        figures = [
            self._figure(f"{name}_{experiment}", f"{shows}, {experiment}", name, experiment, [file])
            for experiment in self.study.experiments
            for name, (shows, file) in data.items()
        ]
        made = commands(self.root, self.study.reported_experiment)
        six = self._figure(
            "six_models", "Six models, printed and measured", "six_models", self.study.reported_experiment, []
        )
        tables = (self._table(name, made[name]) for name in ("protocols", "images"))
        return [six, *figures, *tables, *self._disagreements()]

    def _disagreements(self) -> list[Exhibit]:
        return [
            self._figure(f"disagreement_{name}", f"{DISAGREEMENT}, {name}", "disagreement", name, [])
            for name in self.study.experiments
        ]

    def learning_curves(self, experiment: str) -> Exhibit:
        """Return the learning curves of `experiment` as they are printed, with bands."""
        return self._figure(
            f"learning_curves_{experiment}",
            f"Learning curves, {experiment}",
            "learning_curves",
            experiment,
            [f"curves/{experiment}.csv"],
        )

    def geometry(self) -> list[Exhibit]:
        """Return the table of each measurement, and each experiment's figures."""
        made = commands(self.root, self.study.reported_experiment)["geometry_tables"]
        tables = [self._table(name, made) for name in MEASUREMENTS]
        figures = [
            self._figure(f"{name}_{experiment}", f"{shows}, {experiment}", "geometry", experiment, self._measured(name))
            for experiment in self.study.experiments
            for name, shows in drawn_figures(self.study.measurements).items()
        ]
        return [*tables, *figures]

    def robustness(self) -> list[Exhibit]:
        """Return claims × experiments as a table and as a figure."""
        reported = self.study.reported_experiment
        matrix = self._table("robustness", commands(self.root, reported)["robustness"])
        figure = self._figure("verdicts", "The claims across experiments", "robustness", reported, [], "robustness")
        contrasts = self._table("contrasts", commands(self.root, reported)["contrasts"])
        return [matrix, contrasts, figure._replace(command=commands(self.root, reported)["verdicts"])]

    def _table(self, name: str, command: str) -> Exhibit:
        path = self.root / "tables" / f"{name}.md"
        text = read_text(path)
        try:
            table = parse_table(text)
        except ValueError as error:
            raise UserError(f"{path}: {error}") from error
        title, caption = _parted(text.partition("\n")[0].strip("* "))
        files = [self.downloads.file(f"tables/{name}{kind}") for kind in (".csv", ".tex")]
        return Exhibit(self.key(name), title, caption, command, files, table=table)

    def _figure(
        self, key: str, title: str, kind: str, experiment: str, data: Sequence[str], stem: str | None = None
    ) -> Exhibit:
        made = commands(self.root, experiment)
        picture = data_address(read_content(self.root / "figures" / f"{stem or key}.svg"), "image/svg+xml")
        held = [path for path in data if not self.downloads.prefix or (self.root / path).exists()]
        files = [self.downloads.file(path) for path in held]
        return Exhibit(
            self.key(key),
            title,
            self._caption(kind, experiment),
            made.get(kind, made["geometry"]),
            files,
            None,
            picture,
        )

    def _caption(self, kind: str, experiment: str) -> str:
        """Return the caption, which Snakemake's report also shows."""
        job = SimpleNamespace(wildcards=SimpleNamespace(experiment=experiment))
        return str(Template(read_text(self.captions / f"{kind}.rst")).render(snakemake=job)).strip()

    def _measured(self, figure: str) -> Sequence[str]:
        name = "prototypes" if figure == "prototype_images" else figure
        return [
            f"measurements/{file}" for file in MEASUREMENTS[name].kept(self.study.measurements) if file.endswith(".csv")
        ]


def _parted(caption: str) -> tuple[str, str]:
    """Return what comes before the first comma, colon or question mark of `caption`, and the rest."""
    found = re.match(r"(.+?\?|.+?(?=[,:])),?:? (.+)", caption)
    if found is None:
        return caption, ""
    title, rest = found.groups()
    return title, rest[0].upper() + rest[1:]
