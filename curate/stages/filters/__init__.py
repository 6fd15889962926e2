"""Filter documents by heuristics: bounds on signals of the text, and edits that remove lines."""
