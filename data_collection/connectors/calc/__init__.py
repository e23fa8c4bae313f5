"""What a source gives, and how long to wait for it. Knows no framework."""
