"""The names of the kinds of component. Light, so that the command line can name them before anything else is read."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal["dataset", "model", "recipe", "metric", "figure", "executor"]
KIND_NAMES: tuple[Kind, ...] = get_args(Kind)
