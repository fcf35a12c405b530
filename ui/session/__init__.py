"""What a session of the app holds: workspace, run, selection, address.

The session is the truth; the address in the browser follows it. Collections are read once and
shared by all sessions of the server. `state` and `selection` are imported as modules.

===================  ============================================
`state`              workspace, run and collection of the session
`selection`          the one selection of specimens
`given_files`        files that a session searches with
`navigation`         the screens, and links to them
`address_component`  the address in the browser
===================  ============================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
