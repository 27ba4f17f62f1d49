"""Floor 0: the values everything else speaks in. Nothing here waits or touches a socket."""
