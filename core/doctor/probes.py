"""Small probes of what may crash a process, each run in its own child process.

`python -m core.doctor.probes NAME` prints a line if the probe works, or exits with an error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from core.foundation import CoreError, keep_offline


def _raster() -> str:
    import numba

    _render("raster")
    return f"scan conversion, compiled by Numba {numba.__version__}"


def _raycast() -> str:
    import open3d

    _render("raycast")
    return f"Open3D {open3d.__version__}, Embree on the CPU"


def _vtk() -> str:
    import pyvista

    _render("vtk")
    return f"PyVista {pyvista.__version__}, off screen"


def _filament() -> str:
    import open3d

    _render("filament")
    return f"Open3D {open3d.__version__}, OffscreenRenderer"


def _torch() -> str:
    import torch

    return f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"


def _cuda() -> str:
    import torch

    if not torch.cuda.is_available():
        raise SystemExit("no NVIDIA GPU with a working driver was found")
    value = float((torch.ones(8, 8, device="cuda") @ torch.ones(8, 8, device="cuda")).sum().cpu())
    if value != 512:
        raise SystemExit(f"the GPU computes wrongly ({value} instead of 512)")
    properties = torch.cuda.get_device_properties(0)
    return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}"


def _openvino() -> str:
    keep_offline()
    import openvino

    name = openvino.Core().get_property("CPU", "FULL_DEVICE_NAME")
    return f"OpenVINO {openvino.__version__} on {name}"


def _viewer() -> str:
    import pyvista

    from core.scenes import SceneBuilder, viewer_page

    builder = SceneBuilder(timeout_seconds=60)
    try:
        seconds = builder.warm_up()
    finally:
        builder.close()
    viewer_page()
    return f"PyVista {pyvista.__version__}, a first scene in {seconds:.0f} s"


def _umap() -> str:
    import umap

    return f"umap-learn {umap.__version__}"


def _hdbscan() -> str:
    import hdbscan  # noqa: F401

    return "hdbscan"


def _render(backend: str) -> None:
    import numpy as np

    from core.meshes import Mesh
    from core.views import ViewSettings, render_views

    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float64)
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], dtype=np.int32)
    views = render_views(Mesh(corners, faces), ViewSettings(views=1, size=64, backend=backend))
    if not views.masks.any():
        raise SystemExit("it drew an empty picture")


PROBES: dict[str, Callable[[], str]] = {
    "raster": _raster,
    "raycast": _raycast,
    "vtk": _vtk,
    "filament": _filament,
    "torch": _torch,
    "cuda": _cuda,
    "openvino": _openvino,
    "viewer": _viewer,
    "umap": _umap,
    "hdbscan": _hdbscan,
}

if __name__ == "__main__":
    try:
        print(PROBES[sys.argv[1]]())
    except (CoreError, ImportError, OSError, RuntimeError) as error:
        sys.exit(str(error).strip() or type(error).__name__)
