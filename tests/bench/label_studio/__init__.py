"""Label Studio as a peer: an installation of its own in the PostgreSQL that Harvest runs on."""
