"""The pure rule engine: French text in, explained matches out."""
