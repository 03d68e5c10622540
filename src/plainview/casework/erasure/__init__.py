"""What every eraser asks first and leaves behind: holds, which files are still needed, the expunge list.

Owns the table of erasers and of the records that need a stored file. It must never erase what a hold protects.
"""
