"""Floor 5: the doors. They merge what the client knows into what a call says, and open."""
