"""The columns of the statistics tables in order, with the meaning of each."""

import pandas as pd

SUMMARY = {
    "experiment": "experiment that the runs belong to",
    "epoch": "milestone at which the accuracy was measured",
    "model": "model, the paper's name",
    "n": "runs (seeds)",
    "mean": "mean test accuracy, %",
    "mean_low": "low end of the BCa bootstrap interval of the mean, %; NaN for n < 3 or equal values",
    "mean_high": "high end of this interval",
    "sample_sd": "standard deviation over seeds, divisor n - 1, percentage points",
    "population_sd": "standard deviation over seeds, divisor n, percentage points, as the paper prints it",
    "median": "median test accuracy, %",
    "interquartile_mean": "mean without the lowest and the highest quarter of the runs, %",
    "interquartile_mean_low": "low end of its BCa bootstrap interval, %; NaN for n < 3 or equal values",
    "interquartile_mean_high": "high end of this interval",
    "binomial_standard_error": "standard error of one run's accuracy for the size of the test set, "
    "percentage points; the standard deviations do not contain the part that all seeds share",
}

_TESTS = {
    "welch": "Welch's t-test",
    "student": "Student's t-test with a pooled variance, as the paper's t(38)",
    "paired": "paired t-test over common seeds",
    "sign_flip": "sign-flip permutation test of paired_difference",
    "equivalence": "two one-sided Welch tests; p below alpha shows a difference within the margin",
    "paired_equivalence": "two one-sided paired tests; p below alpha shows a difference within the margin",
    "brown_forsythe": "Brown-Forsythe test of equal spread, on 1 and brown_forsythe_df degrees of freedom",
}


def _p(test: str) -> dict[str, str]:
    return {
        f"{test}_p": f"p-value: {_TESTS[test]}",
        f"{test}_p_holm": "the same, Holm-corrected over all pairs of this experiment and milestone",
        f"{test}_p_holm_in_paper": "the same, Holm-corrected over the paper's pairs; NaN for other pairs",
    }


def _t(test: str) -> dict[str, str]:
    return {f"{test}_t": f"t: {_TESTS[test]}", f"{test}_df": "its degrees of freedom"} | _p(test)


COMPARISONS = (
    {
        "experiment": "experiment that the runs belong to",
        "epoch": "milestone at which the accuracy was measured",
        "model_a": "first model, the paper's name",
        "model_b": "second model",
        "label": "both models, as in figures; every difference is the first minus the second",
        "compared_in_paper": "whether the settings list the pair as a comparison of the paper",
        "n_a": "runs of the first model",
        "n_b": "runs of the second model",
        "n_pairs": "seeds that both models have",
        "mean_a": "mean test accuracy of the first model, %",
        "mean_b": "mean test accuracy of the second model, %",
        "sample_sd_a": "standard deviation of the first, divisor n - 1, percentage points",
        "sample_sd_b": "standard deviation of the second, divisor n - 1, percentage points",
        "difference": "mean_a - mean_b, percentage points",
        "low": "low end of Welch's interval of the difference",
        "high": "high end of this interval",
        "paired_difference": "mean difference over common seeds, percentage points",
        "paired_low": "low end of its paired t interval",
        "paired_high": "high end of this interval",
    }
    | _t("welch")
    | _t("student")
    | _t("paired")
    | {"sign_flip_exact": "whether all sign patterns were counted (up to 30 pairs), or a sample"}
    | _p("sign_flip")
    | {
        "cohens_d_pooled_sd": "difference / pooled sample SD",
        "hedges_g_pooled_sd": "the same, corrected for small samples (Hedges 1981)",
        "d_z_paired_sd": "paired_difference / sample SD of the paired differences",
        "superiority": "P(A > B) + P(A = B) / 2 for one run of each",
        "superiority_low": "low end of its interval (Newcombe 2006, method 5)",
        "superiority_high": "high end of this interval",
        "equivalence_margin": "largest difference that counts as equal, percentage points",
    }
    | _t("equivalence")
    | _t("paired_equivalence")
    | {
        "brown_forsythe_f": f"F: {_TESTS['brown_forsythe']}",
        "brown_forsythe_df": "its second degrees of freedom; NaN if a model has fewer than three runs",
    }
    | _p("brown_forsythe")
    | {
        "detectable_difference": "smallest true difference that Student's test with as many runs detects "
        "with the set power, at the pooled sample SD, percentage points",
        "paired_detectable_difference": "the same for the paired t-test, at the SD of its differences",
    }
)


def as_csv(table: pd.DataFrame, columns: dict[str, str]) -> str:
    """Return the `columns` of `table` as CSV text: ten significant digits, NaN and inf spelled out."""
    return table.reindex(columns=list(columns)).to_csv(
        index=False, float_format="%.10g", na_rep="NaN", lineterminator="\n"
    )


def descriptions() -> pd.DataFrame:
    """Return one row per table and column, with its meaning."""
    tables = {"summary": SUMMARY, "comparisons": COMPARISONS}
    return pd.DataFrame(
        [(table, column, text) for table, columns in tables.items() for column, text in columns.items()],
        columns=["table", "column", "description"],
    )
