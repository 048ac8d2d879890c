"""Networks: building them with their weights, freezing stages, and caching a frozen prefix's features."""
