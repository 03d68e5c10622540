"""Published feeds: what one named publisher offers in a list, and what it withdraws.

Owns the way from a publisher's list to references and back. It must never fetch what neither the list nor its mapping
names: no page is opened and no link in it followed.
"""
