from .caches import (
    cache_folder as cache_folder,
    cache_lock as cache_lock,
    keep_cached as keep_cached,
    read_cached as read_cached,
)
from .delimited import separator_of as separator_of
from .durability import is_blank as is_blank, sync_file as sync_file, sync_folder as sync_folder
from .encodings import decode_text as decode_text
from .files import (
    TEMPORARY_PREFIX as TEMPORARY_PREFIX,
    is_reserved as is_reserved,
    json_bytes as json_bytes,
    read_json as read_json,
    read_npy as read_npy,
    remove_file as remove_file,
    remove_unfinished as remove_unfinished,
    stat_of_file as stat_of_file,
    write_atomically as write_atomically,
    write_bytes as write_bytes,
    write_csv as write_csv,
    write_json as write_json,
    write_npy as write_npy,
    write_together as write_together,
)
from .fingerprints import (
    fingerprint as fingerprint,
    sha256_of_file as sha256_of_file,
    stamp_of_files as stamp_of_files,
)
from .headers import kind_of_column as kind_of_column, order_of_column as order_of_column
from .images import (
    IMAGE_SUFFIXES as IMAGE_SUFFIXES,
    MAX_PIXELS as MAX_PIXELS,
    UNREADABLE as UNREADABLE,
    is_image as is_image,
    is_too_large as is_too_large,
    open_image as open_image,
)
from .manifest import Manifest as Manifest
from .numbers import Value as Value, as_value as as_value, is_number as is_number
from .outputs import write_once as write_once
from .shown import as_plain as as_plain
from .spreadsheets import csv_for_people as csv_for_people, restored as restored
from .tables import (
    EXCEL_SUFFIXES as EXCEL_SUFFIXES,
    TEXT_SUFFIXES as TEXT_SUFFIXES,
    Table as Table,
    read_cells as read_cells,
    read_table as read_table,
)
