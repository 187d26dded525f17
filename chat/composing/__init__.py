"""What helps somebody to write a question: prompts of their own, what it is searched in, what could be asked
next."""
