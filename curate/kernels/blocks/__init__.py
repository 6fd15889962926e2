"""From the bytes of an HTML page to its blocks of text and to the probability that each is main text; no DOM.

read.py      the pass over the bytes: blocks, elements, marks          (layout.py says what the tables hold)
tags.py, entities.py, groups.py, tokens.py    what names of tags, character references and classes mean
features.py  and its parts: numbers about each block that know no language
trees.py     boosted trees of complete depth
choose.py    which blocks to keep, and how sure that is
"""
