"""Stand-ins for the model providers: small real HTTP servers that keep to the documented protocols, failures included.

`tests.contracts.fixtures` offers them to tests; each can also be started as a process of its own.
"""
