"""Background work: queue, tasks, schedule. It calls casework actions and never writes a table by itself."""
