"""Where floats and headings go: a model of columns, the placement on it, and checks of the layout."""
