"""The one Django app with tables: models (nouns), actions (verbs, the only writers), queries (readers)."""
