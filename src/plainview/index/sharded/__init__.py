"""One gallery's index in parts on several machines; `index` is the adapter, `ray_crew` the only module that knows Ray."""
