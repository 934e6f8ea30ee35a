"""The exceptions whose messages are meant for the user."""


class UserError(Exception):
    """Invalid input, described in one line that names the file or key; the command line prints it and exits with 1."""


class Damaged(UserError):
    """A file whose content differs from what was written."""
