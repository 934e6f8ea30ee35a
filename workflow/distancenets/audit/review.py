"""The whole audit, in its order."""

from distancenets.audit import (
    claimed_numbers,
    counts,
    designs,
    grim,
    printed_tests,
    repeated_rows,
    repetitions,
    source_tables,
)
from distancenets.audit.findings import Finding
from distancenets.audit.recomputation import recomputations
from distancenets.configuration.published import Published


def review(record: Published) -> list[Finding]:
    """Return every finding about the published record; the single recomputations come last."""
    found = recomputations(record)
    return [
        *source_tables.sets_behind_the_statistics(found),
        *source_tables.kind_of_deviation(found),
        *source_tables.statistics_from_means(found),
        *repetitions.repeated_statistics(record, found),
        *source_tables.quoted_deviations(record),
        *printed_tests.p_values(record),
        *designs.effect_sizes(record, found),
        *printed_tests.signs(record),
        *designs.designs(record, found),
        *printed_tests.wordings(record),
        *printed_tests.wordings_recomputed(record, found),
        *repeated_rows.repeated_rows(record),
        *repeated_rows.repeated_experiments(record),
        *grim.node_shares(record),
        *grim.accuracies(record),
        *grim.definitions(record),
        *counts.numbers_of_nodes(record),
        *claimed_numbers.claimed_figures(record),
        *claimed_numbers.promised_columns(record),
        *claimed_numbers.compute_time(record),
        *(entry.finding() for entry in found),
    ]
