"""Comparisons of two models over their seeds, and of every pair of models in a study."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from distancenets.configuration.statistics import StatisticsSettings
from distancenets.statistics.effect_sizes import (
    cohens_d,
    d_z,
    hedges_g,
    probability_of_superiority,
    superiority_interval,
)
from distancenets.statistics.hypothesis_tests import (
    brown_forsythe,
    equivalence,
    holm,
    minimum_detectable_d,
    minimum_detectable_d_z,
)
from distancenets.statistics.moments import moments
from distancenets.statistics.permutation import EXACT_UP_TO, paired_differences, sign_flip_p
from distancenets.statistics.t_tests import interval, paired, pooled_sd, student, t_test, welch

TESTS = (
    "welch",
    "student",
    "paired",
    "sign_flip",
    "equivalence",
    "paired_equivalence",
    "brown_forsythe",
)


def comparison(a: "pd.Series[float]", b: "pd.Series[float]", settings: StatisticsSettings) -> dict[str, float | bool]:
    """Return the statistics that compare two models' accuracies, always a minus b.

    Parameters
    ----------
    a, b
        Test accuracies in percent, indexed by seed, no seed twice. Unpaired statistics use all runs of each model,
        paired ones the common seeds. Statistics that too few runs or no spread leave undefined are NaN.
    settings
        Confidence, margin, level, power and resamples.
    """
    runs_a, runs_b = a.to_numpy(np.float64), b.to_numpy(np.float64)
    seeds = a.index.intersection(b.index).sort_values()
    pairs = paired_differences(a.loc[seeds].to_numpy(np.float64), b.loc[seeds].to_numpy(np.float64))
    of_a, of_b, of_pairs = moments(runs_a), moments(runs_b), moments(pairs)

    unequal, pooled, matched = welch(of_a, of_b), student(of_a, of_b), paired(pairs)
    low, high = interval(unequal, settings.confidence)
    paired_low, paired_high = interval(matched, settings.confidence)
    welch_test, student_test, paired_test = t_test(unequal), t_test(pooled), t_test(matched)
    close = equivalence(unequal, settings.equivalence_margin)
    paired_close = equivalence(matched, settings.equivalence_margin)
    scatter = brown_forsythe(runs_a, runs_b)
    chance = probability_of_superiority(runs_a, runs_b)
    chance_low, chance_high = superiority_interval(chance, of_a.n, of_b.n, settings.confidence)
    return {
        "n_a": of_a.n,
        "n_b": of_b.n,
        "n_pairs": of_pairs.n,
        "mean_a": of_a.mean,
        "mean_b": of_b.mean,
        "sample_sd_a": of_a.sd,
        "sample_sd_b": of_b.sd,
        "difference": unequal.value,
        "low": low,
        "high": high,
        "paired_difference": matched.value,
        "paired_low": paired_low,
        "paired_high": paired_high,
        "welch_t": welch_test.statistic,
        "welch_df": welch_test.df,
        "welch_p": welch_test.p,
        "student_t": student_test.statistic,
        "student_df": student_test.df,
        "student_p": student_test.p,
        "paired_t": paired_test.statistic,
        "paired_df": paired_test.df,
        "paired_p": paired_test.p,
        "sign_flip_exact": of_pairs.n <= EXACT_UP_TO,
        "sign_flip_p": sign_flip_p(pairs, settings.resamples),
        "cohens_d_pooled_sd": cohens_d(of_a, of_b),
        "hedges_g_pooled_sd": hedges_g(of_a, of_b),
        "d_z_paired_sd": d_z(pairs),
        "superiority": chance,
        "superiority_low": chance_low,
        "superiority_high": chance_high,
        "equivalence_margin": settings.equivalence_margin,
        "equivalence_t": close.statistic,
        "equivalence_df": close.df,
        "equivalence_p": close.p,
        "paired_equivalence_t": paired_close.statistic,
        "paired_equivalence_df": paired_close.df,
        "paired_equivalence_p": paired_close.p,
        "brown_forsythe_f": scatter.statistic,
        "brown_forsythe_df": scatter.df,
        "brown_forsythe_p": scatter.p,
        "detectable_difference": minimum_detectable_d(of_a.n, of_b.n, settings.alpha, settings.power)
        * pooled_sd(of_a, of_b),
        "paired_detectable_difference": minimum_detectable_d_z(of_pairs.n, settings.alpha, settings.power)
        * of_pairs.sd,
    }


def compared_pairs(models: Sequence[str], settings: StatisticsSettings) -> list[tuple[str, str]]:
    """Return every pair of `models`: first the paper's pairs, in its order, then the others by name."""
    in_paper = [pair for pair in settings.comparisons if set(pair) <= set(models)]
    known = {frozenset(pair) for pair in in_paper}
    return in_paper + [pair for pair in combinations(sorted(models), 2) if frozenset(pair) not in known]


def comparison_table(runs: pd.DataFrame, settings: StatisticsSettings) -> pd.DataFrame:
    """Return one row per experiment, milestone and pair of models of `runs`, with p-values corrected by family.

    A family contains all pairs of one experiment and milestone (`…_holm`), or only the pairs that the paper compares
    (`…_holm_in_paper`, NaN for the rest).
    """
    tables = []
    for (experiment, epoch), group in runs.groupby(["experiment", "epoch"]):
        by_model = {
            str(model): rows.set_index("seed")["test_accuracy"].sort_index() for model, rows in group.groupby("model")
        }
        table = pd.DataFrame(
            {
                "experiment": experiment,
                "epoch": epoch,
                "model_a": first,
                "model_b": second,
                "label": f"{first} vs {second}",
                "compared_in_paper": (first, second) in settings.comparisons,
            }
            | comparison(by_model[first], by_model[second], settings)
            for first, second in compared_pairs(list(by_model), settings)
        )
        if not table.empty:
            tables.append(corrected(table))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def corrected(table: pd.DataFrame) -> pd.DataFrame:
    """Return the `table` of one experiment and milestone with Holm's p-values beside each test's own."""
    in_paper = table["compared_in_paper"].to_numpy(dtype=bool)
    table = table.copy()
    for test in TESTS:
        p = table[f"{test}_p"].to_numpy(np.float64)
        of_paper = np.full_like(p, np.nan)
        of_paper[in_paper] = holm(p[in_paper])
        place = int(table.columns.get_indexer(pd.Index([f"{test}_p"]))[0]) + 1
        table.insert(place, f"{test}_p_holm", holm(p))
        table.insert(place + 1, f"{test}_p_holm_in_paper", of_paper)
    return table
