"""Stages that find what should not be learned from."""
