"""Safety: documents from listed places, and documents full of listed words."""
