"""Arabic is read where 1,000.5 is written and where 1.000,5 is. The browser writes the first; so does the server."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
