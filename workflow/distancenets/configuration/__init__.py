"""The settings in `config/`, validated on load."""
