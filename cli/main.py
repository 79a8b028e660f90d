"""Entry point of `csc`."""


def main() -> None:
    """Run the command line."""
