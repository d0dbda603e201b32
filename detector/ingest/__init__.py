"""From what a hospital has to registered phases: reading, archives, phases, registration, liver."""
