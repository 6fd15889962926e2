"""Write the example crawl: original pages, served over HTTP on loopback and captured as WARC files."""
