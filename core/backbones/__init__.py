"""Frozen networks: their registry, their weights and their engines.

The registry holds the facts of each backbone. Weights are read without running code and checked
tensor by tensor. An engine turns uint8 images into float32 features, by PyTorch or OpenVINO. Only
this package imports timm.

=====================  ==============================================
`registry`             names, sizes, normalisation, licences
`loading`              a backbone with its weights
`weights`              weights on this machine or from the hub
`checkpoints`          weight files → networks
`tokens`               which tokens are taken, from which block
`position_embeddings`  position embeddings for another image size
`engines`              PyTorch and OpenVINO
=====================  ==============================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
