"""Remove unsafe documents: by block lists of domains, by word lists, and by classifiers."""
