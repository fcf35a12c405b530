"""Pooling of the view features of a specimen into one embedding."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from core.foundation import SettingError, check_choice

POOLINGS = ("mean", "max")


def pool_views(view_features: Float[np.ndarray, "v d"], pool: str = "mean") -> Float[np.ndarray, " d"]:
    """Pool the features of a specimen's views into its embedding.

    Parameters
    ----------
    view_features : (v, d) float
        One row per view, v at least 1.
    pool : {"mean", "max"}
        `mean` over views, or `max` over views in every dimension (view pooling: Su et al. 2015,
        Multi-view convolutional neural networks for 3D shape recognition, ICCV).

    Returns
    -------
    (d,) float32
        The embedding, not normalised: distances normalise it themselves.

    Raises
    ------
    SettingError
        If `pool` is neither, or there is no view.

    Examples
    --------
    >>> import numpy as np
    >>> views = np.array([[1.0, 0.0], [3.0, 2.0]], dtype=np.float32)
    >>> pool_views(views)
    array([2., 1.], dtype=float32)
    >>> pool_views(views, "max")
    array([3., 2.], dtype=float32)
    """
    check_choice("pool", pool, POOLINGS)
    if view_features.ndim != 2 or view_features.shape[0] == 0:
        raise SettingError(f"View features have two axes (V, D) and at least one view (got {view_features.shape}).")
    wide = view_features.astype(np.float64)
    pooled = wide.mean(axis=0) if pool == "mean" else wide.max(axis=0)
    return np.asarray(pooled, dtype=np.float32)
