"""Run the command line as `python -m venom_modeld`."""

from venom_modeld.cli.main import run

if __name__ == "__main__":
    run()
