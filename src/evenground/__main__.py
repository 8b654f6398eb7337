"""``python -m evenground`` is the ``evenground`` command."""

from evenground.cli import main

if __name__ == "__main__":
    main()
