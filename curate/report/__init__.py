"""From results to what people read: a finished run or an evaluated classifier as tables, cards and HTML pages."""
