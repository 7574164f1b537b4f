"""The kinds of drawn pictures that scripts/draw_pictures.py makes, one file each.

Every function that draws takes a `random.Random`, reads no other source of randomness, and
returns an RGB square of `basics.SIDE_PX` pixels. A change in the order of the draws changes the
pictures of every seed.
"""
