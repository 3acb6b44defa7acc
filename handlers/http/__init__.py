"""What every HTTP request passes: base handler, body, schemas, views, headers,
the API's description.
"""
