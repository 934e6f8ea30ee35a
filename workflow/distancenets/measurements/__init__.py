"""What is read off finished runs."""
