"""A report on a run for the supplement of a paper.

One HTML page that needs no network, and every table as CSV. It names model, settings, versions and
views. English and Japanese.

==========  ==================================
`facts`     the contents of a report
`page`      the facts as one page
`drawings`  pictures and plots inside the page
`phrases`   the words, by language
`files`     the folder or ZIP
==========  ==================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
