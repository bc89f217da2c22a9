"""`python -m fanfold`: the command line by another way."""

from __future__ import annotations

from fanfold.cli import main

if __name__ == "__main__":
    main(prog_name="fanfold")
