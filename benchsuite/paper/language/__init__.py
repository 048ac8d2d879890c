"""How a paper says things in Spanish: numbers, lists, metrics, parameters, and LaTeX as text."""
