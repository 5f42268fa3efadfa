"""The way out: every request to an address that somebody can name goes through this package.

- `urls`: which texts are URLs that may be called at all;
- `addresses`: which addresses may be called, and a connector that checks each one it connects to;
- `fetch`: one bounded request, redirects checked hop by hop;
- `transport`: the same connector below an httpx2 client, for packages that bring their own client.

Names are resolved by the connector that then connects to the very addresses it checked, so that a
name which changes its mind between the check and the call (DNS rebinding) gains nothing. Proxies
from the environment, cookies and credentials in URLs are never used.
"""
