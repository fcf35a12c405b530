"""View features: the vector that a backbone computes from every view.

An extractor is opened once and called for every specimen: images (V, h, w, 3) in, features (V, D)
out. Networks, classical descriptors and joined backbones share one protocol. Dense tokens are
written in pieces and read as memory maps.

==============  =========================================
`settings`      `FeatureSettings`
`loading`       opens the extractor that settings ask for
`base`          the protocol `Extractor`; images in its size
`extractors`    networks and the classical descriptor
`classical`     Zernike moments and HOG
`joined`        several backbones as one
`dense_tokens`  all tokens of all views, written and read
`files`         features as `.npy`, read and written
==============  =========================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
