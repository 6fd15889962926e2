"""Sources: stages that read documents. Modules with a leading underscore are shared code, not stages."""
