"""Remove duplicates: documents, near-duplicates, and lines that many documents share."""
