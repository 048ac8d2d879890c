"""Work in copies of the renderer, and drawings remembered between papers."""
