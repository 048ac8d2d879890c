"""Templates of papers, a folder each."""
