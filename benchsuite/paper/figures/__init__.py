"""Figures: each function takes findings and gives an SVG with its alternative text, the same bytes every time."""
