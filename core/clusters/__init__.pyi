from .advice import (
    Advice as Advice,
    advise_on as advise_on,
    explain_noise as explain_noise,
    explain_outcome as explain_outcome,
)
from .agreement import (
    Agreement as Agreement,
    Misfit as Misfit,
    compare_with_labels as compare_with_labels,
    crosstab as crosstab,
    find_misfits as find_misfits,
    write_misfits as write_misfits,
)
from .assignment import assign as assign
from .cache import ClusteringCache as ClusteringCache
from .clustering import (
    Clustering as Clustering,
    cluster as cluster,
    cluster_on as cluster_on,
    ids_in_cluster as ids_in_cluster,
    number_by_size as number_by_size,
    read_clusters as read_clusters,
    write_clustering as write_clustering,
)
from .dendrograms import (
    Branch as Branch,
    LinkageNode as LinkageNode,
    lay_out_condensed as lay_out_condensed,
    lay_out_linkage as lay_out_linkage,
    rows_of_branch as rows_of_branch,
    rows_of_linkage_node as rows_of_linkage_node,
)
from .hdbscan.trees import NOISE as NOISE
from .members import (
    BORDERLINE as BORDERLINE,
    EXEMPLAR as EXEMPLAR,
    MEDOID as MEDOID,
    ClusterFacts as ClusterFacts,
    Members as Members,
    describe_members as describe_members,
    facts_of_clusters as facts_of_clusters,
    representatives as representatives,
    soft_membership as soft_membership,
    write_members as write_members,
)
from .outputs import cluster_into as cluster_into, clusters_into as clusters_into, sweep_into as sweep_into
from .settings import (
    CLUSTER_METRICS as CLUSTER_METRICS,
    METHODS as METHODS,
    SELECTION_METHODS as SELECTION_METHODS,
    ClusterSettings as ClusterSettings,
)
from .sweep import (
    CHOICES as CHOICES,
    PARTS as PARTS,
    SWEPT as SWEPT,
    ScoreWeights as ScoreWeights,
    SweepSettings as SweepSettings,
    config_text as config_text,
    run_sweep as run_sweep,
    weigh as weigh,
    write_sweep as write_sweep,
)
from .sweep_jobs import (
    SweepRow as SweepRow,
    cancel_sweep as cancel_sweep,
    is_sweeping as is_sweeping,
    last_log_line as last_log_line,
    read_sweep as read_sweep,
    start_sweep as start_sweep,
    sweep_folder as sweep_folder,
)
