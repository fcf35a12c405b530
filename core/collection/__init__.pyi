from .archives import safe_parts as safe_parts, unpack as unpack
from .browsing import (
    Listing as Listing,
    SpecimenCount as SpecimenCount,
    allowed_folder as allowed_folder,
    configured_roots as configured_roots,
    count_specimens as count_specimens,
    list_folder as list_folder,
)
from .conditions import (
    SEVERAL as SEVERAL,
    Between as Between,
    Condition as Condition,
    Contains as Contains,
    OneOf as OneOf,
    choose_rows as choose_rows,
    ids_where as ids_where,
    table_of_file as table_of_file,
    values_of as values_of,
)
from .curation import Curation as Curation
from .inventory import (
    Inventory as Inventory,
    SpecimenFile as SpecimenFile,
    check_photographs as check_photographs,
    file_of as file_of,
    inventory_for_work as inventory_for_work,
    specimen_at as specimen_at,
    take_inventory as take_inventory,
)
from .known import KnownSpecimens as KnownSpecimens, specimens_in_use as specimens_in_use
from .labels import (
    Labels as Labels,
    labels_of_categories as labels_of_categories,
    read_labels as read_labels,
    resolve_labels as resolve_labels,
)
from .measurements import measured as measured
from .metadata import (
    fields_of as fields_of,
    labels_of_column as labels_of_column,
    metadata_columns as metadata_columns,
    metadata_table as metadata_table,
    put_metadata as put_metadata,
    read_metadata as read_metadata,
    remove_metadata_columns as remove_metadata_columns,
)
from .metadata_matching import (
    WAYS as WAYS,
    LeftOut as LeftOut,
    MatchedTable as MatchedTable,
    MatchingSettings as MatchingSettings,
    known_specimens as known_specimens,
    match_table as match_table,
    write_matched as write_matched,
)
from .quarantine import Quarantined as Quarantined, quarantined as quarantined
from .specimen_table import build_specimen_table as build_specimen_table
from .stamps import (
    Stamp as Stamp,
    beside_as_text as beside_as_text,
    decides_colours_alone as decides_colours_alone,
    is_as_recorded as is_as_recorded,
    stamp_of as stamp_of,
)
from .synthetic.collection import (
    METADATA_FILE as METADATA_FILE,
    SampleSettings as SampleSettings,
    make_samples as make_samples,
)
from .unread import (
    Unread as Unread,
    count_of as count_of,
    read_unread as read_unread,
    write_unread as write_unread,
)
from .uploads import Intake as Intake, take_uploads as take_uploads
from .watching import (
    MODES as MODES,
    WatchSettings as WatchSettings,
    is_wanted as is_wanted,
    keep_watching as keep_watching,
    queue_new_specimens as queue_new_specimens,
    start_watching as start_watching,
    stop_watching as stop_watching,
    watch as watch,
)
