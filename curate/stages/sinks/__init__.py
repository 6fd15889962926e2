"""Sinks: stages that write documents."""
