"""One run: data, model, phases, evaluation. The only room, with execution, that imports torch."""
