"""What both sides agree on: reading a file, aligning its ids, judging its values, digests. Pure: numpy and polars.

`contract` names what a file must hold · `reading` turns bytes into a table · `validating` judges it and aligns it ·
`spec`, `labels` and `deriving` make a contract out of a competition's own files · `writing` makes the submission.
"""
