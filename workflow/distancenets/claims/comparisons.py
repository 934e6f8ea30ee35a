"""The differences of accuracies that claims are about."""

from collections.abc import Iterator

from distancenets.claims.conditions import Condition
from distancenets.claims.definitions import CLAIMS, Claim
from distancenets.claims.evidence import Evidence
from distancenets.configuration.claims import ClaimsSettings
from distancenets.configuration.published import Published
from distancenets.configuration.statistics import StatisticsSettings


def compared_models(record: Published) -> dict[str, tuple[str, ...]]:
    """Return the differences of accuracies that claims are about: name → models, in the order of the conditions.

    Two models mean first − second, four mean (first − second) − (third − fourth). A reversed pair is left out.
    """
    found: dict[str, tuple[str, ...]] = {}
    for claim in CLAIMS:
        for name, models in differences(claim, record):
            if models[::-1] not in found.values():
                found[name] = models
    return found


def differences(claim: Claim, record: Published) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield name and models of each difference of accuracies in `claim`; none for a claim about a measurement."""
    if claim.measurement is not None:
        return
    about = next(entry for entry in record.claims if entry.id == claim.number)
    for condition in claim.conditions(Evidence({}, about, ClaimsSettings(), StatisticsSettings())):
        for quantity in condition.quantities if isinstance(condition, Condition) else ():
            if quantity.name.endswith(" ="):
                yield quantity.name.removesuffix(" ="), tuple(sample.model for sample in quantity.samples)
