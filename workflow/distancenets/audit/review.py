"""The whole audit, in its order."""

from distancenets.audit import (
    coherence,
    counts,
    designs,
    duplicates,
    granularity,
    origins,
    repetitions,
    statements,
)
from distancenets.audit.findings import Finding
from distancenets.audit.recomputation import recomputations
from distancenets.configuration.published import Published


def review(record: Published) -> list[Finding]:
    """Return every finding about the published record; the single recomputations come last."""
    found = recomputations(record)
    return [
        *origins.sets_behind_the_statistics(found),
        *origins.kind_of_deviation(found),
        *origins.statistics_from_means(found),
        *repetitions.repeated_statistics(record, found),
        *origins.quoted_deviations(record),
        *coherence.p_values(record),
        *designs.effect_sizes(record, found),
        *coherence.signs(record),
        *designs.designs(record, found),
        *coherence.wordings(record),
        *coherence.wordings_recomputed(record, found),
        *duplicates.repeated_rows(record),
        *duplicates.repeated_experiments(record),
        *granularity.node_shares(record),
        *granularity.accuracies(record),
        *granularity.definitions(record),
        *counts.numbers_of_nodes(record),
        *statements.claimed_figures(record),
        *statements.promised_columns(record),
        *statements.compute_time(record),
        *(entry.finding() for entry in found),
    ]
