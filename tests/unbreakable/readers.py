"""Whole files of every kind that the product reads, and the functions that read them."""

from __future__ import annotations

import io
import json
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

IDS = ("A/one", "A/two", "B/three", "B/four")


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Parameters
    ----------
    suffix : str
        Suffix of the file name.
    wholes : list of bytes
        Whole files, and some that were never valid.
    read : callable
        Reads the file at a path as the product does.
    """

    suffix: str
    wholes: list[bytes]
    read: Callable[[Path], object]


def kinds(folder: Path) -> dict[str, Kind]:
    """Return every kind by name.

    `folder` is for the files that belong to them.
    """
    made = {**_meshes(folder), **_pictures(folder), **_tables(folder), **_arrays(folder), **_states(folder)}
    return {**made, **_workspaces(folder), **_archives(folder)}


def _archives(folder: Path) -> dict[str, Kind]:
    """Return ZIP files, some of which would write outside the folder or without end."""
    import shutil
    import zipfile

    from core.collection import unpack

    def packed(entries: dict[str, bytes], *, link: bool = False) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in entries.items():
                entry = zipfile.ZipInfo(name)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o120777 if link else 0o100644) << 16
                archive.writestr(entry, data)
        return stream.getvalue()

    def read(path: Path) -> object:
        target = folder / "unpacked"
        target.mkdir(exist_ok=True)
        before = sorted(folder.iterdir())
        try:
            with path.open("rb") as stream:
                unpack(stream, target, lambda name: name.endswith(".off"))
            inside = [found.resolve() for found in target.rglob("*")]
        finally:
            shutil.rmtree(target)
        outside = set(folder.iterdir()) - set(before) - {target}
        if outside or not all(found.is_relative_to(target.resolve()) for found in inside):
            raise RuntimeError(f"written outside of the folder: {outside}")
        return inside

    whole = packed({"a/b.off": b"OFF\n" * 50, "c.off": b"x" * 3000, "d.txt": b"no"})
    return {
        "zip": Kind(
            ".zip",
            [
                whole,
                packed({"../out.off": b"x"}),
                packed({"/etc/out.off": b"x"}),
                packed({"a.off": b"/etc/passwd"}, link=True),
                packed({"bomb.off": bytes(300_000_000)}),
                packed({"/".join("abcdefghijklmnopqrstuvw") + ".off": b"x"}),
                packed({f"{'n' * 4000}.off": b"x", "con.off": b"x", "a:b.off": b"x", "\u202egnp.off": b"x"}),
            ],
            read,
        )
    }


def _meshes(folder: Path) -> dict[str, Kind]:
    from core.collection import SpecimenFile
    from core.meshes import Mesh
    from core.pipeline import Task, prepare
    from core.views import ViewSettings

    def read(path: Path) -> object:
        return prepare(Task(SpecimenFile("a", path), ViewSettings(views=1, size=32), thumbnails=folder / "thumbs"))

    rng = np.random.default_rng(1)
    points = rng.normal(size=(24, 3))
    faces = np.array([(i, (i + 1) % 24, (i + 7) % 24) for i in range(24)])
    del Mesh
    _write_texture(folder)
    return {
        "ply": Kind(".ply", _plys(points, faces), read),
        "stl": Kind(".stl", _stls(points, faces), read),
        "off": Kind(".off", _offs(points, faces), read),
        "obj": Kind(".obj", _objs(points, faces), read),
        "mtl": Kind(".mtl", [(folder / "m.mtl").read_bytes(), b"newmtl a\nmap_Kd giant.png\n"], _reader_of_mtl(read)),
    }


def _plys(points: np.ndarray, faces: np.ndarray) -> list[bytes]:
    head = f"element vertex {len(points)}\nproperty float x\nproperty float y\nproperty float z\n"
    head += f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    text = "".join(" ".join(f"{v:.4f}" for v in point) + "\n" for point in points)
    text += "".join("3 " + " ".join(map(str, face)) + "\n" for face in faces)
    found = [f"ply\nformat ascii 1.0\n{head}{text}".encode()]
    for order, name in (("<", "little"), (">", "big")):
        body = points.astype(f"{order}f4").tobytes() + b"".join(struct.pack(f"{order}B3i", 3, *face) for face in faces)
        found.append(f"ply\nformat binary_{name}_endian 1.0\n{head}".encode() + body)
    cloud = (
        found[0]
        .replace(b"element face 24\n", b"element face 0\n")
        .replace(b"property float z", b"property uchar red\nproperty float z")
    )
    return [*found, cloud, found[1].replace(b"list uchar int", b"list uint double")]


def _stls(points: np.ndarray, faces: np.ndarray) -> list[bytes]:
    body = b"".join(struct.pack("<12fH", 0, 0, 1, *points[face].ravel(), 0) for face in faces)
    text = "solid a\n" + "".join(
        "facet normal 0 0 1\nouter loop\n"
        + "".join("vertex " + " ".join(f"{v:.4f}" for v in points[corner]) + "\n" for corner in face)
        + "endloop\nendfacet\n"
        for face in faces
    )
    return [bytes(80) + struct.pack("<I", len(faces)) + body, (text + "endsolid a\n").encode()]


def _offs(points: np.ndarray, faces: np.ndarray) -> list[bytes]:
    rows = "".join(" ".join(f"{v:.4f}" for v in point) + "\n" for point in points)
    rows += "".join("3 " + " ".join(map(str, face)) + "\n" for face in faces)
    head = f"{len(points)} {len(faces)} 0\n"
    return [f"OFF\n{head}{rows}".encode(), f"OFF {head}{rows}".encode(), f"# a\nCOFF\n{head}{rows}".encode()]


def _objs(points: np.ndarray, faces: np.ndarray) -> list[bytes]:
    rows = "".join("v " + " ".join(f"{v:.4f}" for v in point) + "\n" for point in points)
    textured = "mtllib m.mtl\n" + rows + "".join(f"vt {u:.3f} {1 - u:.3f}\n" for u in np.linspace(-1, 2, 24))
    textured += "usemtl a\n" + "".join("f " + " ".join(f"{c + 1}/{c + 1}" for c in face) + "\n" for face in faces)
    relative = rows + "".join(f"f {-1 - a} {-1 - b} {-1 - c}\n" for a, b, c in faces)
    return [textured.encode(), relative.encode(), (rows + "f 1 2 3 4 5 6\n" * 9).encode()]


def _write_texture(folder: Path) -> None:
    from PIL import Image

    Image.fromarray(np.arange(768, dtype=np.uint8).reshape(16, 16, 3)).save(folder / "t.png")
    (folder / "giant.png").write_bytes(giant_png())
    (folder / "m.mtl").write_text("newmtl a\nKd 0.5 0.4 0.3\nmap_Kd t.png\n", encoding="ascii")


def giant_png(side: int = 60_000) -> bytes:
    """Return a PNG of some kilobytes whose header declares 3.6 thousand million pixels."""
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
    )


def _reader_of_mtl(read: Callable[[Path], object]) -> Callable[[Path], object]:
    def read_with(path: Path) -> object:
        mesh = path.with_suffix(".obj")
        mesh.write_text(
            f"mtllib {path.name}\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl a\n"
            "f 1/1 2/2 3/3\nf 1/1 2/2 4/3\nf 2/1 3/2 4/3\n",
            encoding="ascii",
        )
        return read(mesh)

    return read_with


def _pictures(folder: Path) -> dict[str, Kind]:
    from PIL import Image

    from core.views import read_photographs, read_view_files

    def saved(name: str, image: Image.Image, **how: object) -> bytes:
        stream = io.BytesIO()
        image.save(stream, name, **how)
        return stream.getvalue()

    del folder
    pixels = np.random.default_rng(2).integers(0, 255, (24, 20, 3), dtype=np.uint8)
    rgb = Image.fromarray(pixels)
    gray16 = Image.fromarray(np.arange(480, dtype=np.uint16).reshape(24, 20) * 100)
    pngs = [saved("PNG", rgb), saved("PNG", gray16), saved("PNG", rgb.convert("P")), giant_png(13_000), giant_png()]
    exif = Image.Exif()
    exif[0x0112] = 6
    jpegs = [saved("JPEG", rgb), saved("JPEG", rgb.convert("L"), exif=exif), saved("JPEG", rgb, progressive=True)]
    others = [saved(name, rgb) for name in ("TIFF", "WEBP", "BMP")]
    return {
        "png": Kind(".png", pngs, lambda path: read_photographs([path], 32)),
        "jpeg": Kind(".jpg", jpegs, lambda path: read_photographs([path], 32)),
        "picture": Kind(".tif", others, lambda path: read_photographs([path], 32)),
        "view": Kind(".png", pngs[:2], lambda path: read_view_files([path])),
    }


def _tables(folder: Path) -> dict[str, Kind]:
    import openpyxl

    from core.clusters import read_clusters
    from core.collection import read_labels
    from core.embeddings import Embeddings
    from core.maps import read_map
    from core.storage import read_table

    del folder, Embeddings
    text = "specimen_id,label,age\n" + "".join(f'{name},"t, {at}",{at}.5\n' for at, name in enumerate(IDS))
    csvs = [text.encode(), text.replace(",", ";").encode("utf-16"), ("\ufeff" + text).encode(), text.encode("cp932")]
    csvs += [b'a,b\n"' + b"x" * 200_000 + b'",2\n', b"specimen_id,label\nA/one," + b"y" * 140_000 + b"\n"]
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [("specimen_id", "label", "age")] + [(name, f"t{at}", at) for at, name in enumerate(IDS)]:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    excels = [stream.getvalue(), *_wrong_books(stream.getvalue())]
    clusters = b"specimen_id,cluster_id,prob\nA/one,0,1.0\nA/two,-1,0.0\nB/three,0,0.5\nB/four,1,1.0\n"
    points = b"specimen_id,x,y\nA/one,0.5,1.0\nA/two,-1,0.0\nB/three,0,0.5\nB/four,1,1.0\n"
    return {
        "csv": Kind(".csv", csvs, read_table),
        "labels": Kind(".csv", csvs, lambda path: read_labels(path, IDS)),
        "excel": Kind(".xlsx", excels, read_table),
        "clusters": Kind(".csv", [clusters], read_clusters),
        "map": Kind(".csv", [points, points.replace(b",y", b",y,z")], read_map),
    }


def _wrong_books(whole: bytes) -> list[bytes]:
    """Return workbooks with damaged parts inside the archive, out of reach of flipped bits."""
    import zipfile

    bomb = b"<c>" + b"9" * 50_000_000 + b"</c>"
    entity = (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "'
        + b"&b;" * 9000
        + b'">]><worksheet>&c;</worksheet>'
    )
    wrong = []
    for name, content in (
        ("xl/worksheets/sheet1.xml", bomb),
        ("xl/worksheets/sheet1.xml", b"<worksheet>" + b"<a>" * 50_000),
        ("xl/worksheets/sheet1.xml", entity),
        ("xl/worksheets/sheet1.xml", None),
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/sharedStrings.xml", b"not xml"),
        ("xl/styles.xml", b""),
        ("[Content_Types].xml", b"<Types/>"),
    ):
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
            for part in old.namelist():
                if part != name:
                    new.writestr(part, old.read(part))
                elif content is not None:
                    new.writestr(part, content)
        wrong.append(stream.getvalue())
    with zipfile.ZipFile(io.BytesIO(whole)) as old:
        sheet = old.read("xl/worksheets/sheet1.xml")
    for change in (
        (b'r="B2"', b'r="XFD1048576"'),
        (b'r="2"', b'r="1048576"'),
        (b't="s"', b't="d"'),
        (b"<v>0</v>", b"<v>999999</v>"),
    ):
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(stream, "w") as new:
            for part in old.namelist():
                new.writestr(part, sheet.replace(*change) if part == "xl/worksheets/sheet1.xml" else old.read(part))
        wrong.append(stream.getvalue())
    return wrong


def _arrays(folder: Path) -> dict[str, Kind]:
    import faiss
    import pyarrow.parquet as pq

    from core.embeddings import Embeddings, read_embeddings, write_embeddings
    from core.features import read_features
    from core.foundation import InputError
    from core.neighbours import IndexSettings, build_index, read_index, write_index

    del faiss, pq, InputError
    rng = np.random.default_rng(3)
    embeddings = Embeddings(IDS, rng.normal(size=(4, 6)).astype(np.float32))
    write_embeddings(folder / "embeddings", embeddings)
    whole = (folder / "embeddings" / "embeddings.npy").read_bytes()
    ids = (folder / "embeddings" / "ids.txt").read_bytes()
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    npys = [whole, _npy(np.arange(6.0).reshape(2, 3)), _npy(np.array(["a", "b"])), stream.getvalue()]
    npys.append(whole.replace(b"(4, 6)", b"(999999999999, 6)"))
    indexes = {}
    for kind in ("flat", "hnsw"):
        write_index(folder / f"{kind}.faiss", build_index(embeddings, IndexSettings(kind=kind)))
        indexes[kind] = (folder / f"{kind}.faiss").read_bytes()
    about = (folder / "flat.faiss.json").read_bytes()

    def read_faiss(path: Path) -> object:
        path.with_name(path.name + ".json").write_bytes(about)
        return read_index(path, embeddings).nearest("A/one", 2)

    def read_about(path: Path) -> object:
        index = path.with_name("x.faiss")
        index.write_bytes(indexes["flat"])
        path.replace(index.with_name("x.faiss.json"))
        return read_index(index, embeddings).nearest("A/one", 2)

    def read_ids(path: Path) -> object:
        return read_embeddings(folder / "embeddings" / "embeddings.npy", path)

    def read_matrix(path: Path) -> object:
        mapped = read_embeddings(path, folder / "embeddings" / "ids.txt", mapped=True)
        return mapped, read_embeddings(path, folder / "embeddings" / "ids.txt")

    return {
        "npy": Kind(".npy", npys, read_matrix),
        "features": Kind(".npy", npys, read_features),
        "ids": Kind(".txt", [ids, b"\xef\xbb\xbf" + ids, ids.replace(b"\n", b"\r\n")], read_ids),
        "faiss": Kind(".faiss", list(indexes.values()), read_faiss),
        "faiss json": Kind(".json", [about], read_about),
    }


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _states(folder: Path) -> dict[str, Kind]:
    import timm  # noqa: F401  so that the first unknown backbone costs no more than the next
    import torch
    from safetensors.torch import save_file

    from core.backbones import read_state
    from core.cli import parse

    state = {"a.weight": torch.arange(12.0).reshape(3, 4), "b": torch.ones(2)}
    torch.save(state, folder / "w.pth")
    torch.save({"state_dict": state}, folder / "old.pth", _use_new_zipfile_serialization=False)
    save_file(state, folder / "w.safetensors")
    checkpoints = [(folder / name).read_bytes() for name in ("w.pth", "old.pth")]
    yamls = [
        b"views: 12\nsize: 64\nmodel: classical\nname: a\n",
        b"views: [1, 2]\npool: mean\nworkers: 0\noverwrite: true\n",
        b"a: &a [x, x]\nb: &b [*a, *a]\nviews: [*b, *b]\n",
        b"name: &a [" + b"[" * 20 + b"]" * 20 + b"]\n",
    ]
    flags = ("views", "size", "pool", "workers", "seed", "model", "in", "topk", "pca", "workspace", "weights")
    bomb = "name: &l0 [x]\n" + "".join(
        f"{flag}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n, flag in enumerate(flags, start=1)
    )
    yamls += [
        bomb.encode(),
        "\n".join(reversed(bomb.splitlines())).encode(),
        bomb.replace("name: &l0 [x]\nviews: &l1 [", "_: &l1 [").encode(),
    ]

    def read_checkpoint(path: Path) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read_state(path)

    return {
        "checkpoint": Kind(".pth", checkpoints, read_checkpoint),
        "safetensors": Kind(".safetensors", [(folder / "w.safetensors").read_bytes()], read_checkpoint),
        "yaml": Kind(".yaml", yamls, lambda path: parse(["run", "--config", str(path)])),
    }


def _workspaces(folder: Path) -> dict[str, Kind]:
    import sqlite3

    from core.collection import Curation, metadata_table, put_metadata
    from core.features import FeatureSettings, open_extractor
    from core.pipeline import Describer
    from core.storage import Manifest, read_json
    from core.workspace import Catalogue, RunFolder, SpecimenRecord, Workspace, read_preferences

    catalogue = Catalogue(folder / "catalogue.sqlite")
    catalogue.put_specimens(SpecimenRecord("s", name, f"/{name}.off", sha256="ab" * 32) for name in IDS)
    job = catalogue.queue_job("run", [])
    catalogue.put_progress(job, [{"label": "a", "done": 1, "total": 2, "started": 1.0, "updated": 2.0}])
    put_metadata(catalogue, {name: {"age": at, "where": "here"} for at, name in enumerate(IDS)})
    curation = Curation(catalogue)
    curation.put_set("mine", IDS[:2])
    curation.add_tag("odd", IDS[1:])
    curation.put_note(IDS[0], "look again")
    with sqlite3.connect(folder / "catalogue.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = (folder / "catalogue.sqlite").read_bytes()

    def read_catalogue(path: Path) -> object:
        for side in ("-wal", "-shm"):
            path.with_name(path.name + side).unlink(missing_ok=True)
        found = Catalogue(path)
        again = Curation(found)
        return (
            found.specimens("s"),
            found.jobs(),
            found.sources(),
            found.revision(),
            metadata_table(found, IDS),
            again.table(IDS),
        )

    config = {
        "format": 1,
        "input": "/in",
        "pool": "mean",
        "views": {"views": 2, "size": 224},
        "clusters": {},
        "search": {},
        "features": {},
        "versions": {"numpy": "2"},
    }
    config["features"] = dict(open_extractor(FeatureSettings(model="classical")).identity)

    def read_config(path: Path) -> object:
        run = RunFolder(path.parent / "run")
        run.root.mkdir(exist_ok=True)
        path.replace(run.config_path)
        said = run.config()
        said.get("views", {}).get("size")
        said.get("features", {}).get("backbone")
        return Describer(run)

    def read_manifest(path: Path) -> object:
        home = path.parent / "stage"
        home.mkdir(exist_ok=True)
        path.replace(home / "manifest.jsonl")
        found = Manifest(home)
        return (
            found.ids,
            [found.is_done(name, "a") for name in (*found.ids, "A/one")],
            [found.get(name) for name in IDS],
        )

    def read_wishes(path: Path) -> object:
        path.replace(path.parent / "preferences.json")
        return read_preferences(Workspace(path.parent))

    manifest = b"".join(json.dumps({"id": name, "fingerprint": "a" * 32}).encode() + b"\n" for name in IDS)
    return {
        "sqlite": Kind(".sqlite", [whole], read_catalogue),
        "config": Kind(
            ".json", [json.dumps(config).encode(), b"[]", b'{"format": 99}', b'{"features": 5}'], read_config
        ),
        "json": Kind(".json", [b'{"language": "ja"}', b"[1, 2]"], read_json),
        "preferences": Kind(".json", [b'{"language": "ja"}', b"[1, 2]"], read_wishes),
        "manifest": Kind(".jsonl", [manifest], read_manifest),
    }
