"""Where the line between answering and refusing runs for a collection, fitted on its own documents.

No language model is asked. Questions are made of the collection's own sentences, and others are known to have nothing
to do with it; both are searched for like anybody's, and the line is drawn where it tells them apart best.
"""
