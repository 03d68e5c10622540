"""Settings, URLs and wiring: which adapter serves which Protocol."""
