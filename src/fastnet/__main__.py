"""``python -m fastnet`` is the command ``fastnet``."""

from fastnet.cli.main import main

if __name__ == "__main__":
    main(prog_name="python -m fastnet")
