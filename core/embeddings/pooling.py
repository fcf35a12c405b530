"""View features of a specimen → one embedding."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from core.foundation import SettingError

POOLINGS = ("mean", "max")


def pool_views(view_features: Float[np.ndarray, "v d"], pool: str = "mean") -> Float[np.ndarray, " d"]:
    """Pool the features of a specimen's views into its embedding.

    Parameters
    ----------
    view_features : (v, d) float
        One row a view, v at least 1.
    pool : {"mean", "max"}
        `mean` over views; `max` over views in every dimension (view pooling: Su et al. 2015,
        Multi-view convolutional neural networks for 3D shape recognition, ICCV).

    Returns
    -------
    (d,) float32
        Not normalised: distances normalise for themselves.

    Raises
    ------
    SettingError
        For another `pool`, or where there is no view.
    """
    if pool not in POOLINGS:
        raise SettingError(f"'pool' must be one of {', '.join(POOLINGS)} (got {pool}).")
    if view_features.ndim != 2 or view_features.shape[0] == 0:
        raise SettingError(f"View features have two axes (V, D) and at least one view (got {view_features.shape}).")
    wide = view_features.astype(np.float64)
    pooled = wide.mean(axis=0) if pool == "mean" else wide.max(axis=0)
    return np.asarray(pooled, dtype=np.float32)
