"""Power needs four eyes: one member proposes, another approves, and those concerned are told (policy.proposals)."""
