"""Pure computation, from arrays (and a random generator) to arrays: folds, metrics, decisions, level 2, blending."""
