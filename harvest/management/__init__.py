"""Commands: everything that a script would want."""
