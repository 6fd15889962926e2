"""From the bytes of an HTML page to its blocks of text and the probability that each is main text, without a DOM.

read.py, text.py, elements.py, attributes.py   the pass over the bytes: blocks, elements, marks
layout.py                                      the tables that the pass fills, and their columns
tags.py, entities.py, groups.py, words.py      what tag names, character references, classes and words mean
page_metadata.py                               what the page says about itself: title, date, author, licence
measures.py, features.py, position_features.py, context_features.py
                                               numbers about each block, independent of the language
model.py, trees.py                             boosted trees of complete depth, and the probabilities they give
smooth_groups.py, select_blocks.py             one probability for each list and table; which blocks to keep
plain.py, lists.py                             the kept blocks as plain text
"""
