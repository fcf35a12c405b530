from .assembly import assemble as assemble, write_embeddings as write_embeddings
from .derived_files import (
    description_path as description_path,
    fingerprint_of_embeddings as fingerprint_of_embeddings,
    read_description as read_description,
    write_described as write_described,
)
from .matrix import (
    Embeddings as Embeddings,
    check_embeddings as check_embeddings,
    fingerprint_of_results as fingerprint_of_results,
    read_embeddings as read_embeddings,
    select_rows as select_rows,
    sha256_of_matrix as sha256_of_matrix,
)
from .pairing import is_parquet_sound as is_parquet_sound, pairing_path as pairing_path
from .pooling import POOLINGS as POOLINGS, pool_views as pool_views
from .principal_components import (
    PrincipalComponents as PrincipalComponents,
    Spectrum as Spectrum,
    check_pca as check_pca,
    extreme_rows as extreme_rows,
    fit_pca as fit_pca,
    fit_spectrum as fit_spectrum,
    keep_components as keep_components,
)
from .vectors import NORMALIZATIONS as NORMALIZATIONS, normalise_rows as normalise_rows, unit_rows as unit_rows
