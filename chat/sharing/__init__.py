"""A conversation shown to others by a link: frozen as it read then, for a while, until it is withdrawn.

What is shared is a copy. It leads to no document, is never written to again, and ends with its time, with its
conversation, with the membership of whoever shared it, and with its organisation.
"""
