"""Scores and the leaderboard."""
