"""The words of the screens, in English and Japanese.

Project Fluent files hold every word that a user reads. Errors of `core` are translated by their
English sentences. The language is that of the session.

==========  ============================================
`messages`  messages by key, the language of the session
`errors`    errors of `core` in that language
==========  ============================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
