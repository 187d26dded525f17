"""The processes of `make run`: which there are (`table`), and how they are kept running (`supervisor`)."""
