"""Tables of strangers: CSV, JSON Lines, Excel workbooks and Parquet, read strictly, with the right line in every message.

Owns what a table looks like before anyone knows what it means. It must never guess: what is not certain is refused, and
whatever is read in another form than plain CSV in UTF-8 is said. No Django here.
"""
