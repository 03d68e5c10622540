"""Enrolment: manifests, uploads and exchange files become references.

Owns a run from its files to its committed batches. It must never follow a link that a picture's page names.
"""
