"""Settings, urls and wiring: which adapter serves which Protocol."""
