"""Documents from a web address. `fetching.fetch` brings one here, as far as `targets` lets it; `readable.readable`
takes the text out of a page, and belongs in a process with limits, since it reads a stranger's bytes."""
