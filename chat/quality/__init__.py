"""How good answers are, measured by each organisation on questions of its own: ratings, golden questions and runs."""
