"""How long or risky work is carried: leases, and children with limits."""
