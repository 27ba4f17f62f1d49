"""Servers and certificates that the tests talk to: scripted, placeholder, nginx, hypercorn, httpbin."""
