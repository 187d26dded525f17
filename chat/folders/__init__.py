"""Folders of the sidebar: one person's own order in their conversations. A conversation is in one, or in none."""
