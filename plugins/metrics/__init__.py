"""Metrics of stored predictions, most of them by scikit-learn, which the extra `metrics` brings."""
