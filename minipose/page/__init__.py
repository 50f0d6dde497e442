"""A page from run folders: one HTML file that needs no network (``python -m minipose show RUN``).

``runs`` reads a folder, ``measures``, ``chart`` and ``markdown`` turn what it holds into tables and
curves, ``examples`` asks the run's checkpoint about pictures of the run's store, ``document`` puts
all of it into the templates beside it, and ``serve`` answers a browser on this machine.
"""
