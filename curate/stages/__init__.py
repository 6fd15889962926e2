"""The stages that ship with curate: the path below this folder is the name; a leading underscore means: not a stage."""
