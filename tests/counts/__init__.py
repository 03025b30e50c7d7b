"""What records of counts say of random histories, held against an exact log of the events."""
