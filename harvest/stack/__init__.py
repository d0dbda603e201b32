"""One command that runs everything on one machine: database, broker, workers, beat and web server."""
