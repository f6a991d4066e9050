"""Words that every service speaks: money, ids, time, errors, sessions, events, calls.

The kernel imports no service and no engine. One concern a file, pure where it can be.
"""
