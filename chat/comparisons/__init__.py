"""One question to two or three models at once, what its reader made of the answers, and who wins."""
