"""Files to desired state and settings, and edits back into the file."""
