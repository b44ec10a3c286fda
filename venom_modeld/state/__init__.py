"""What is remembered across restarts, and the one frozen value that every reader gets."""
