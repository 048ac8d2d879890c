"""From records to findings: estimates with intervals, comparisons, curves."""
