"""Pictures that come with a question: taken in, kept, shown to their owner, and put before a model that can see.

`models` the rows, `confined` what is done to a file in a process of its own, `intake` from an upload to a row,
`services` and `selectors` as elsewhere, `sight` which models can see, `prompted` what of them goes into a prompt.
"""
