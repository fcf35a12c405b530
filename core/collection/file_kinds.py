"""Kinds of files that are not read, by their suffixes, with what to do about each."""

from __future__ import annotations

from pathlib import PurePath

from core.meshes import is_mesh
from core.storage import is_image

MESHES, POINTS, CAD, VOLUMES, PROJECTS, ARRAYS = "meshes", "points", "cad", "volumes", "projects", "arrays"
RAW, PICTURES, FILMS, ARCHIVES, PAGES, OTHERS = "raw", "pictures", "films", "archives", "pages", "others"
# Problem and advice of each kind.
SENTENCES = {
    MESHES: (
        "Meshes in formats that are not read ({count}): {files}.",
        "Convert them to PLY, OBJ, STL or GLB, for example with MeshLab or Blender.",
    ),
    POINTS: (
        "Point clouds in formats that are not read ({count}): {files}.",
        "Convert them to PLY, for example with CloudCompare.",
    ),
    CAD: ("CAD files, which are not read ({count}): {files}.", "Export them as STL or PLY."),
    VOLUMES: (
        "Volume data, which are not read ({count}): {files}.",
        "Extract the surface, for example with 3D Slicer, and save it as PLY or STL.",
    ),
    PROJECTS: (
        "Projects of other programs, which are not read ({count}): {files}.",
        "Open them there, and export the mesh as PLY or OBJ.",
    ),
    ARRAYS: (
        "Data files of other programs, which are not read ({count}): {files}.",
        "If they hold specimens, save these as PLY.",
    ),
    RAW: (
        "Camera raw files, which are not read ({count}): {files}.",
        "Develop them to JPEG or TIFF.",
    ),
    PICTURES: (
        "Pictures in formats that are not read ({count}): {files}.",
        "Save them as JPEG, PNG or TIFF.",
    ),
    FILMS: (
        "Films, which are not read ({count}): {files}.",
        "Save single pictures of them as JPEG, or remove them from the folder.",
    ),
    ARCHIVES: (
        "Archives, which are not opened ({count}): {files}.",
        "Unpack them into the folder.",
    ),
    PAGES: (
        "TIFF files of several pages, of which only the first is read ({count}): {files}.",
        "Save every page that is a view as a file of its own; extract the surface of a stack of slices.",
    ),
    OTHERS: (
        "Files of kinds that are not read ({count}): {files}.",
        "If they are specimens, convert them to PLY or JPEG; otherwise remove them from the folder.",
    ),
}
_SUFFIXES = {
    MESHES: (
        ".wrl .vrml .x3d .x3dv .x3db .dae .fbx .3mf .amf .ctm .3ds .lwo .lws .ac .x .drc .usd .usda .usdc .usdz "
        ".abc .nxs .nxz .gii .srf .pial .white .byu .msh .mesh .meshb .vtk .vtp .vtu .vtm .wrz .md2 .md3 .stla "
        ".stlb .splat .spz .ksplat .b3d .surf .tri .u3d .iv .geo .bgeo .ms3d .smd .t3d .jt"
    ),
    POINTS: (".e57 .las .laz .xyz .xyzn .xyzrgb .pts .ptx .asc .pcd .rcp .rcs .fls .fws .ptg .zfs .lsproj .cl3 .clr"),
    CAD: (
        ".stp .step .igs .iges .sldprt .sldasm .x_t .x_b .sat .dxf .dwg .ipt .iam .prt .catpart .brep .fcstd .3dm "
        ".skp .scad"
    ),
    VOLUMES: (
        ".nii .dcm .dicom .ima .nrrd .nhdr .mha .mhd .mnc .img .hdr .vol .vgi .vgl .raw .am .rec .mrc .ct .vff "
        ".txm .txrm .isq .aim .tdf .vti .vtr .vts .vdb .rek .pvl .map .mgz .mgh .bvol .vox .mrb .mrxs"
    ),
    PROJECTS: (
        ".blend .psx .psz .pmp .max .ma .mb .c4d .ztl .zpr .zbr .hip .rcproj .wrp .mxa .hx .avizo .mlp .mcs .gom "
        ".ginspect .spproj .vxelements .csf .rmesh .metashape .mve .meshroom .mg"
    ),
    ARRAYS: (".mat .npy .npz .h5 .hdf5 .hdf .pkl .pickle .rdata .rda .rds .nc .zarr .pt .pth .fits .fit"),
    RAW: (
        ".nef .nrw .cr2 .cr3 .crw .arw .sr2 .srw .dng .orf .rw2 .rwl .raf .pef .3fr .fff .iiq .x3f .erf .mos .mrw "
        ".kdc .dcr .gpr .mef .cap .eip .ari .r3d .braw"
    ),
    PICTURES: (
        ".gif .avif .jp2 .j2k .jpx .jpf .jxl .jfif .jpe .jif .psd .psb .xcf .tga .exr .pbm "
        ".pgm .ppm .pnm .pcx .dds .mpo .jps .pns .heics .heifs .kra .afphoto .cpt .ktx .ktx2 "
        ".basis .czi .lif .lsm .nd2 .oib .oif .vsi .svs .ndpi .scn .dm3 .dm4 .insp .insv .cin .dpx .sgi .rgb .wdp "
        ".jxr .hdp .bpg .qoi"
    ),
    FILMS: (".mp4 .mov .avi .mts .m2ts .mkv .webm .m4v .wmv .3gp .mpg .mpeg .flv .ogv"),
    ARCHIVES: (
        ".zip .zipx .7z .rar .tar .tgz .tbz .tbz2 .txz .gz .bz2 .xz .zst .lz .lz4 .lzma .z .cab .iso .dmg .001 "
        ".z01 .arj .sit .sitx .jar .pkg"
    ),
}
_KIND_OF = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
# Files that are plainly no specimens.
_BESIDE = (
    ".txt .csv .tsv .tab .xlsx .xls .xlsm .xlsb .ods .numbers .md .rst .pdf .doc .docx .odt .rtf .ppt .pptx "
    ".pages .tex .bib .ris .enw .json .jsonl .yaml .yml .toml .xml .html .htm .mhtml .css .js .log .ini .cfg "
    ".conf .py .pyc .ipynb .r .rmd .rproj .m .sh .bat .ps1 .cmd .mtl .bin .db .sqlite .sqlite-wal .sqlite-shm "
    ".parquet .feather .arrow .lnk .url .webloc .desktop .xmp .aae .thm .lrv .pp3 .cos .dop .on1 .lrcat .icc "
    ".icm .md5 .sha1 .sha256 .sfv .sig .tps .nts .pp .fcsv .landmarkascii .landmarks .lm .dta .nex .nexus "
    ".tre .tree .nwk .newick .wav .mp3 .m4a .bak .old .orig .tmp .temp .part .partial .crdownload .download "
    ".filepart .swp .lock .license .cff .eml .msg .kml .kmz .gpx .geojson .prj .tfw .jgw .pgw .faiss .prov "
    ".meta .svg .eps .ai .cdr .ico .emf .wmf"
)
_QUIET = frozenset(_BESIDE.split())
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".z", ".lz4")


def kind_of_unread(name: str) -> str:
    """Return the kind of a file that is not read, empty if it is plainly no specimen.

    Examples
    --------
    >>> kind_of_unread("femur.WRL"), kind_of_unread("ct.nii.gz"), kind_of_unread("labels.csv.gz")
    ('meshes', 'volumes', '')
    """
    path = PurePath(name)
    suffix = path.suffix.lower()
    if not suffix or is_mesh(name) or is_image(name) or suffix in _QUIET or name.lower() == "thumbs.db":
        return ""
    inner = PurePath(path.stem).suffix.lower()
    if suffix in _COMPRESSED and inner:
        if inner in _QUIET:
            return ""
        return VOLUMES if _KIND_OF.get(inner) == VOLUMES else ARCHIVES
    return _KIND_OF.get(suffix, OTHERS)
