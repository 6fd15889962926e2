"""Remove documents that contain benchmark questions."""
