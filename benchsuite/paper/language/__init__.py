"""How a paper says things in its language: messages, numbers, dates, lists and metrics; and LaTeX as text.

`es/` and `en/` hold the catalogues, one file a part of the paper.
"""
