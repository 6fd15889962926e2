"""Score the quality of texts, and keep the best."""
