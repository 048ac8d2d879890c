"""What the prose of a suite refers to: results, figures, and works of a bibliography."""
