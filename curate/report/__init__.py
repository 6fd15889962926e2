"""From a finished run to what people read: terminal tables, a dataset card, one HTML file."""
