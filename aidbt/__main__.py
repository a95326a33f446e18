"""`python -m aidbt`."""

from aidbt.cli.main import main

if __name__ == "__main__":
    main()
