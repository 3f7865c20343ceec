"""The whole daemon: feeds in, alerts out."""
