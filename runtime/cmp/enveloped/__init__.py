"""What a CA encrypted for this end entity, opened: plain functions, no I/O."""
