"""The workspace folder, and the services that every act works with: keys, blobs, model, indexes.

Owns opening them, each at its first use. It must never depend on a feature.
"""
