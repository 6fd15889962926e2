"""Where documents come from. Modules with a leading underscore hold what sources share and are no stages."""
