"""The catalogues of the providers: asked rarely, kept, and never mistaken for empty when they do not answer."""
