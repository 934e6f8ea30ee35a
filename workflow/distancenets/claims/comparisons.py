"""The differences of accuracies that claims are about."""

from distancenets.claims.conditions import Condition
from distancenets.claims.definitions import CLAIMS
from distancenets.claims.evidence import Evidence
from distancenets.configuration.claims import ClaimsSettings
from distancenets.configuration.published import Published
from distancenets.configuration.statistics import StatisticsSettings


def compared_models(record: Published) -> dict[str, tuple[str, ...]]:
    """Return the differences of accuracies that claims are about: name → models, as their conditions have them.

    Two models stand for first − second, four for (first − second) − (third − fourth). A pair is named once.
    """
    about = {claim.id: claim for claim in record.claims}
    found: dict[str, tuple[str, ...]] = {}
    for claim in CLAIMS:
        if claim.measurement is None:
            evidence = Evidence({}, about[claim.number], ClaimsSettings(), StatisticsSettings())
            quantities = (
                quantity
                for condition in claim.conditions(evidence)
                if isinstance(condition, Condition)
                for quantity in condition.quantities
                if quantity.name.endswith(" =")
            )
            for quantity in quantities:
                models = tuple(sample.model for sample in quantity.samples)
                if models[::-1] not in found.values():
                    found[quantity.name.removesuffix(" =")] = models
    return found
