# Frequently asked: how do I handle cookies and sessions?
import arke as httpx

# Use a persistent client to keep cookies and connection pooling active across requests.
with httpx.Client() as client:
    client.get("https://httpbin.org/cookies/set/session/abc123")
    response = client.get("https://httpbin.org/cookies")
    print(response.json())
