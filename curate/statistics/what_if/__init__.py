"""What other values of a recipe's parameters would have given, from the record of judgements of a finished run.

changes    the recipe as it ran and as it would be, both compiled into steps
judging    what a group of rules says of rows of the record
deciding   which step drops each document under the changed recipe, as far as the record knows
ahead      how near waiting documents are to the bounds of later filters, by the last known values
counts     what is counted on the way
shares     which share of waiting documents survives
estimate   how many documents survive in all, with an interval where the record does not know
outcome    all of it as JSON-like data
values     values of a parameter: of a sweep, or the one that keeps a wanted share
differing  documents of two runs that have another fate
"""
