"""What the project's figures come from; see README.md."""
