"""Floor 1: engines. They turn requests into bytes and bytes into events, and never touch a socket."""
