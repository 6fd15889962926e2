"""Between curate and datatrove: its blocks as our stages, our stages as its steps, a phase as a step."""
