"""Reviews: what buyers say of products, its moderation, and the ratings that follow from it.

Owns the documents `reviews` and `review_summaries` of the document port, and in PostgreSQL how far their feeds were
followed and the events that tell of ratings. Not event-sourced: a review is a document with a version.
"""
