"""Files, lineage, quota, leaderboard results."""
