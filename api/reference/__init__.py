"""What /v1 takes and gives, kept by hand: the page for people and the OpenAPI document show it."""
