"""Checks of what claims, captions and the report of compute state about other printed numbers."""

from distancenets.audit.findings import Check, Finding, agreement, hull
from distancenets.audit.intervals import rounding
from distancenets.configuration.published import Published


def claimed_figures(record: Published) -> list[Finding]:
    """Return for every number in a claim whether the rows that it is about agree with it."""
    findings = []
    for claim in record.claims:
        for figure in claim.figures:
            models = {model.model for model in figure.models}
            rows = [row for row in record.tables[figure.table].rows if row.model in models]
            values = [rounding(row.mean if figure.quantity == "mean" else row.sd) for row in rows]
            found, stated = hull(values), rounding(figure.value)
            if figure.relation == "about":
                agrees = all(value.meets(stated) for value in values)
            else:
                agrees = all(value.low <= float(figure.value) for value in values)
            names = ", ".join(row.printed for row in rows)
            findings.append(
                Finding(
                    check=Check.CLAIMED,
                    where=f"claim {claim.id} ({claim.name})",
                    printed=f"{figure.quantity} {figure.relation.replace('_', ' ')} {figure.value}",
                    computed=str(found),
                    low=found.low,
                    high=found.high,
                    verdict=agreement(agrees),
                    why=f"The rows {names} {'agree' if agrees else 'do not agree'} with it.",
                )
            )
    return findings


def promised_columns(record: Published) -> list[Finding]:
    """Return for every caption that announces columns whether the table has them."""
    findings = []
    for table in record.tables.values():
        absent = [column for column in table.promises if column not in table.prints]
        if table.promises:
            findings.append(
                Finding(
                    check=Check.PROMISED,
                    where=f"{table.title}, caption",
                    printed=", ".join(table.promises),
                    computed=f"not {', '.join(absent)}" if absent else ", ".join(table.prints),
                    low=None,
                    high=None,
                    verdict=agreement(not absent),
                    why=f"The table does not print: {', '.join(absent)}." if absent else "The table prints them all.",
                )
            )
    return findings


def compute_time(record: Published) -> list[Finding]:
    """Return whether the time per model-epoch (ms) follows from the reported hours."""
    compute = record.compute
    steps = compute.models * compute.runs * compute.epochs
    milliseconds = rounding(compute.about_hours).scaled(3_600_000 * compute.devices / steps)
    agrees = milliseconds.meets(rounding(compute.derived_milliseconds_per_model_epoch))
    return [
        Finding(
            check=Check.COMPUTE,
            where=f"{compute.device}, {compute.place}",
            printed=f"about {compute.about_hours} h; {compute.derived_milliseconds_per_model_epoch} ms",
            computed=f"{milliseconds} ms",
            low=milliseconds.low,
            high=milliseconds.high,
            verdict=agreement(agrees),
            why=f"{steps:,} model-epochs in the reported hours {'give' if agrees else 'do not give'} this time.",
        )
    ]
