"""What a person chooses: profiles, overlays, a blueprint's variables, pins."""
