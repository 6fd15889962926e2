"""Stages that measure or change the text."""
