# Frequently asked: how do I set up authentication?
import arke as httpx

url = "https://httpbin.org/basic-auth/user/pass"
response = httpx.get(url, auth=("user", "pass"))
print(f"Basic: {response.status_code} {response.json()['user']}")

url = "https://httpbin.org/bearer"
response = httpx.get(url, headers={"Authorization": "Bearer token"})
print(f"Bearer: {response.status_code} {response.json()['token']}")

# For custom auth, create a subclass of `httpx.Auth`.
class TokenAuth(httpx.Auth):
    def __init__(self, token):
        self.token = token

    def auth_flow(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request

response = httpx.get(url, auth=TokenAuth("my own"))
print(f"Custom: {response.status_code} {response.json()['token']}")
