"""Safety: documents from listed places, full of listed words, or like what a classifier was taught to find."""
