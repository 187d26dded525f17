"""How well questions are answered, measured on sets of documents and questions whose answers are known."""
