"""Settings: `base` for every installation, `test` for the tests, `env` the one reader of the environment."""
