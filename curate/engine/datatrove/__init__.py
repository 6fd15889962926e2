"""Both ways across to datatrove: its blocks as our stages, our stages as its steps."""
