"""What a person writes in `config/`, validated on load."""
