"""Values to text, JSON and Markdown: pure functions, so that tables test them."""
