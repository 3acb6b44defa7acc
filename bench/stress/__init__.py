"""Random sequences of everything that clients may ask for, with large and odd texts,
by several people together.
"""
