"""View features: what a backbone says of every view.

An extractor is opened once and called for every specimen: images (V, h, w, 3) in, features (V, D)
out. Networks, classical descriptors and several backbones joined share one protocol. Dense tokens
are written in pieces.

==============  =========================================
`settings`      `FeatureSettings`
`loading`       opens the extractor that settings ask for
`base`          the protocol `Extractor`
`extractors`    networks and classical descriptors
`classical`     Zernike moments and HOG
`joined`        several backbones as one
`dense_tokens`  all tokens of all views
`files`         features as `.npy`, read and written
==============  =========================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
