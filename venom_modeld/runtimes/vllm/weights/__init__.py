"""Models of Hugging Face in the Hub cache of this host: looked up, installed, scanned, removed.

`cache.Weights` is the way in. What is heavy or may have to be stopped in an instant (downloads, checking, removal)
happens in a child process, so that a cancelled download is over at once and its memory comes back.
"""
