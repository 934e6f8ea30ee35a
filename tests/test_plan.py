"""What to train next: the order of runs, what they cost, and the command on the committed archive."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from conftest import REPOSITORY, Workshop
from distancenets.claims.definitions import CLAIMS
from distancenets.claims.judgement import ClaimResult, judge_claim
from distancenets.claims.planning import Target, batches, targets
from distancenets.claims.plans import as_commands
from distancenets.claims.verdicts import Verdict
from distancenets.configuration.study import Run
from distancenets.errors import UserError
from distancenets.runs.archive import ArchivedRun
from distancenets.runs.costs import costs
from synthetic_data import AS_CLAIMED, RECORD, constructed, judged, runs_of, study

HOUR = 3600.0


def run(seed: int, architecture: str = "relu", representation: str = "distance") -> Run:
    return Run("raw", architecture, representation, seed)


def target(number: int, chance: float | None, runs: Mapping[Run, int], seeds: int = 10) -> Target:
    about = next(claim for claim in RECORD.claims if claim.id == number)
    return Target(ClaimResult(about, "raw", Verdict.UNDETERMINED, "", "", 5000), seeds, runs, chance, True)


def price(run: Run, epochs: int) -> float:
    """An hour for 5,000 epochs."""
    return HOUR * epochs / 5000


def short(*seeds: int, architecture: str = "relu") -> dict[Run, int]:
    return {run(seed, architecture): 5000 for seed in seeds}


def test_the_cheapest_decision_comes_first_and_shared_runs_are_paid_once() -> None:
    dear, cheap = target(1, 0.9, short(0, 1, 2, 3)), target(2, 0.8, short(0, 1, architecture="abs"))
    steps = batches([dear, cheap], price, 10 * HOUR)
    assert [[each.ruling.claim.id for each in step.serves] for step in steps] == [[2], [1]]
    assert [step.seconds for step in steps] == [2 * HOUR, 4 * HOUR]
    # By itself 0.3 for three hours is the worst; with what the others train it is one more hour, and then the best.
    sharing = target(3, 0.3, short(0, architecture="abs") | short(1, architecture="abs") | short(9))
    steps = batches([dear, cheap, sharing], price, 10 * HOUR)
    assert [[each.ruling.claim.id for each in step.serves] for step in steps] == [[2], [3], [1]]
    assert [step.seconds for step in steps] == [2 * HOUR, 1 * HOUR, 4 * HOUR]
    # Runs that complete two looks count for both.
    twin = target(4, 0.9, short(0, 1, 2, 3))
    assert [each.ruling.claim.id for each in batches([dear, cheap, twin], price, HOUR * 10)[0].serves] == [1, 4]


def test_of_a_claim_one_look_is_chosen_and_what_cannot_decide_is_left() -> None:
    near = target(1, 0.0, short(*range(10)))
    later = Target(near.ruling, 20, short(*range(20)), 0.5, True)
    steps = batches([near, later], price, 100 * HOUR)
    assert [step.serves[0].seeds for step in steps] == [20]
    assert batches([near], price, 100 * HOUR) == []
    assert batches([later._replace(reachable=False)], price, 100 * HOUR) == []


def test_a_budget_is_kept_and_its_rest_goes_to_a_part_of_the_best() -> None:
    steps = batches(
        [target(1, 0.9, short(0, 1)), target(2, None, short(*range(10), architecture="abs"))], price, 5 * HOUR
    )
    assert [step.completes for step in steps] == [True, False]
    assert [run.seed for run in steps[1].runs] == [0, 1, 2] and sum(step.seconds for step in steps) == 5 * HOUR
    assert batches([target(1, 0.9, short(0, 1))], price, 0.5 * HOUR) == []


def test_a_longer_run_serves_the_shorter_one() -> None:
    long = target(9, 0.9, {run(0): 50_000})
    steps = batches([target(1, 0.9, short(0)), long], price, 20 * HOUR)
    assert [step.seconds for step in steps] == [HOUR, 9 * HOUR]
    steps = batches([target(1, 0.01, short(0)), target(9, 0.9, {run(0): 50_000})], price, 20 * HOUR)
    assert len(steps) == 1 and len(steps[0].serves) == 2


def test_what_a_look_lacks_is_what_was_not_trained() -> None:
    runs = runs_of(constructed(AS_CLAIMED | {"Abs2": (95.32, 0.15)}))
    runs = runs[(runs["model"] != "Abs2") | (runs["seed"] != 15)]
    found = targets([judged(3, runs)], study(), runs)
    # Without seed 15 of Abs2 the last look is that at 10 seeds, and the next lacks one run.
    assert [each.seeds for each in found] == [20, 40, 80, 160]
    assert found[0].lacking == {Run("raw", "abs", "intensity", 15): 5000}
    assert len(found[1].lacking) == 20 + 21
    chances = [each.chance for each in found if each.chance is not None]
    assert len(chances) == 4 and chances == sorted(chances) and chances[0] >= 0 and chances[-1] <= 1
    # A claim that is decided needs nothing, one whose models the experiment does not train cannot be reached.
    assert targets([judged(1, runs)], study(), runs) == []
    linear = study(experiments={"raw": {"epochs": 50_000, "milestones": [5000], "architectures": ["relu", "abs"]}})
    few = runs_of({"ReLU": constructed(AS_CLAIMED)["ReLU"]})
    claim = next(claim for claim in CLAIMS if claim.number == 10)
    assert [each.reachable for each in targets([judge_claim(claim, "raw", linear, few, {}, RECORD)], linear, few)] == [
        False
    ]


def entry(name: str, seconds: float, pack: int = 1, epochs: int = 5000, kind: str = "cpu") -> ArchivedRun:
    recipe = {"experiment": {"epochs": epochs}}
    device = {"kind": kind, "name": name}
    return ArchivedRun(
        (5000,), {"device": device, "seconds": seconds, "threads": 2, "pack": [*range(pack)], "recipe": recipe}
    )


def test_costs_are_those_of_this_kind_of_processor() -> None:
    archived = {
        run(0): entry("A", 500),
        run(1): entry("A", 5000, pack=5),
        run(2): entry("A", 30_000, epochs=50_000),
        run(3): entry("B", 1),
        run(4): entry("A", 1, kind="cuda"),
        run(0, "abs"): entry("A", 3000),
    }
    here = costs(archived, "A")
    # 0.2, 0.4 and 1.2 seconds an epoch of two threads.
    assert here.by_model["relu", "distance"] == pytest.approx(0.4) and (here.runs, here.processor) == (4, "A")
    assert here.of(run(7), 1000) == pytest.approx(400)
    assert here.of(run(7, "abs_l2"), 1000) == pytest.approx(1000 * (0.4 + 1.2) / 2)
    anywhere = costs(archived, "C")
    assert (anywhere.runs, anywhere.processor) == (5, "")
    with pytest.raises(UserError, match="the time of a run is unknown; archive one first"):
        costs({run(4): entry("A", 1, kind="cuda")}, "A")


@pytest.mark.slow
def test_the_command_plans_from_the_committed_archive(tmp_path: Path) -> None:
    for name in ("config", "results"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    workshop = Workshop(tmp_path)
    asked = ("plan", "--study", "config/paper.yaml", "--hours", "6", "--cores", "2")
    answer = workshop.run(*asked)
    assert answer.returncode == 0, answer.stderr
    assert "Train next, in 6 h on 2 cores" in answer.stdout
    commands = workshop.run(*asked, "--commands").stdout.splitlines()
    assert commands and all(line.startswith("distancenets train --study config/paper.yaml ") for line in commands)
    # What it proposes, it has counted as lacking; nothing is written.
    assert workshop.run("plan", "--study", "config/paper.yaml", "--hours", "0", "--commands").stdout.strip() == ""
    assert "--hours" in workshop.run("plan", "--hours", "-1").stderr


def test_commands_name_the_epochs_that_are_not_the_experiments() -> None:
    steps = batches([target(1, 0.9, short(0, 1, 4)), target(9, 0.5, {run(7): 50_000})], price, 20 * HOUR)
    stem = "distancenets train --study s.yaml --experiment raw --architecture relu --representation distance --seeds"
    assert list(as_commands(steps, study(), Path("s.yaml"))) == [f"{stem} 0-1,4 --epochs 5000", f"{stem} 7"]
