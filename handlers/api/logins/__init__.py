"""The REST API of logins: signing up, in and out, entering as a guest, a forgotten password."""
