"""``python -m distancenets``: the command line without an installation."""

from distancenets.cli import main

if __name__ == "__main__":
    main()
