"""Make Wenbury's files again: ``python -m evenground.sources.synthetic.wenbury``."""

from evenground.sources.synthetic.wenbury import write_wenbury

if __name__ == "__main__":
    write_wenbury()
