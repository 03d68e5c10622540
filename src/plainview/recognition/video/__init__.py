"""Video: hostile files decoded in a restricted child, faces followed from frame to frame, stills chosen."""
