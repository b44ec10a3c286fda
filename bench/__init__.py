"""What is claimed about speed and size, measured against floors and peers in the same run: `make bench`.

A floor is the least that any program would have to do; a peer is another program that does the same job. Ours and the
reference take turns, so that whatever else the machine does hits both, and only their ratio is a claim. An absolute
time says nothing about the next machine and is shown for orientation alone.
"""
