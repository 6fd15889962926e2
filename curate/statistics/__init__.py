"""Numbers about a run: read from its record of judgements, and from the rules that were in force."""
