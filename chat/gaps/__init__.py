"""What the documents do not say and somebody wants to know: questions that were sent to an organisation's admins.

A conversation is its reader's alone. Nothing of it comes here but the question that the reader sends by pressing a
button, with the note that they add; refused questions that nobody has sent are counted on the dashboard and no more.
"""
