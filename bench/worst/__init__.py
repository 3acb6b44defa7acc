"""The most expensive things that one account, or nobody in particular, may ask for,
and what others feel of each.
"""
