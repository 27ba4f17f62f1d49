"""Messages: requests, responses and how their content is encoded and decoded."""
