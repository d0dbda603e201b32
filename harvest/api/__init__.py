"""The REST API: thin views, one file per resource."""
