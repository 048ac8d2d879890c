"""The paper: a study's findings and prose as a Spanish IEEE paper, in HTML and PDF."""
