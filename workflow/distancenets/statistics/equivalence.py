"""Whether two means are close enough to be called equal: no difference found is not yet equality."""

from scipy import stats

from distancenets.statistics.t_tests import Difference, TestResult, ratio


def equivalence(difference: Difference, margin: float) -> TestResult:
    """Return the weaker of the two one-sided tests of |true difference| ≥ `margin` (Schuirmann 1987).

    A p-value below alpha says that the difference lies within ± `margin` percentage points; it does so
    exactly when the interval of confidence 1 − 2 alpha does. Given a Welch `difference` this is
    `ttost_ind(usevar="unequal")` of statsmodels, given a Student one `usevar="pooled"`, given a paired one
    `ttost_paired`. Without any spread, p is 0 within the margin, 1 beyond it, NaN on it.
    """
    above = ratio(difference.value + margin, difference.standard_error)
    below = ratio(difference.value - margin, difference.standard_error)
    p_above = float(stats.t.sf(above, difference.df))
    p_below = float(stats.t.cdf(below, difference.df))
    if p_above > p_below:
        return TestResult(above, difference.df, p_above)
    return TestResult(below, difference.df, max(p_above, p_below))
