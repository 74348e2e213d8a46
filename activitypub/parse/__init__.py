"""Foreign JSON made into typed values: strict about shape, tolerant about spelling.

Nothing here asks whether a document tells the truth. Ids are checked for their form only; who may
say what is decided by `inbox/handlers` and `federation/authentication`.
"""
