"""Step 1: choose a diverse sample of a domain's questions.

Reads the domain's sources, merges equal questions, finds clusters of similar ones, and draws from
each in proportion to its size. Writes the sample, the clusters, and beside the sample all different
questions, among which step 2 looks for examples.
    python -m data_v5.select_data --domain math -n 20000 --cluster_path data/math_cluster.json \\
        --sample_question_path data/math_question.jsonl

Embeddings and clusters are kept under `cache/<domain>/` by what they are made of, so that a change
of the questions, the model or the settings never meets old ones.
"""

from pathlib import Path

from data_v5.reading.question_sources import open_questions
from data_v5.reading.questions import Opened, QuestionStore, collect_questions, corpus_file
from data_v5.selection.clusters import (
    ClusterFile,
    cached_clusters,
    read_clusters,
    with_singletons,
    write_clusters,
)
from data_v5.selection.sample_figures import sample_figures, tell_figures
from data_v5.selection.sampling_plan import draw_questions
from data_v5.selection.selection_settings import Flags, Settings, read_settings
from utils.cli import log, parse_flags, run
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.similarity.embed import embed_texts, open_embedder
from utils.stage_output import StageOutput, refuse_overwriting_inputs, written_files

# Below this share of the questions, clusters shape nothing.
FEW_IN_CLUSTERS = 0.05


def clusters_of(store: QuestionStore, settings: Settings, embeddings_by: Row) -> ClusterFile:
    """Read the cluster file, or find the clusters and write it."""
    fingerprint = store.fingerprint()
    if settings.uses_cluster_file:
        content = read_clusters(settings.cluster_path, len(store), fingerprint)
        check_asked_for(content, settings)
        return content
    embeddings = embed_texts(
        store.texts, settings.embedding, settings.cache_folder, "embeddings" in settings.rebuilt
    )
    clusters = cached_clusters(
        embeddings, settings.cluster, settings.cache_folder, "clusters" in settings.rebuilt
    )
    content = ClusterFile(
        settings.domain.name,
        len(store),
        fingerprint,
        settings.cluster.threshold,
        settings.cluster.min_community_size,
        embeddings_by,
        clusters,
    )
    write_clusters(settings.cluster_path, content)
    return content


def check_asked_for(content: ClusterFile, settings: Settings) -> None:
    """Raise PipelineError if a cluster file was made with other settings than the flags name."""
    for name, asked in settings.asked.items():
        found = getattr(content, name)
        if found != asked:
            raise PipelineError(
                f"{settings.cluster_path}: was made with --{name} {found}, and {asked} is asked "
                "for; ask for the same, or leave out --is_exist_cluster"
            )


def select(
    settings: Settings, opened: list[Opened], embeddings_by: Row, output: StageOutput
) -> None:
    """Collect the questions, cluster them, and write the sample.

    `embeddings_by` is what the cluster file says of the embeddings.
    """
    with QuestionStore() as store:
        counts = collect_questions(
            opened, store, output, settings.max_rows, settings.keeps_other_answers
        )
        if other := output.reasons["same_question_other_answer"]:
            log.warning(
                "%s rows ask what another asks and have another answer; the first one stays, and "
                "%s has the others; --other_answers keep takes them all",
                *(f"{other:,}", output.rejected_path),
            )
        if not len(store):
            output.leave_rejected()
            reasons = ", ".join(f"{why} {count:,}" for why, count in output.reasons.most_common())
            raise PipelineError(
                f"{settings.domain.path}: no source holds a usable question ({reasons}; "
                f"{output.rejected_path} has the rows); mend the sources' columns"
            )
        content = clusters_of(store, settings, embeddings_by)
        clusters = with_singletons(content.clusters, len(store))
        sample = draw_questions(
            clusters, settings.total, settings.random_seed, store.digests, settings.singletons
        )
        if not sample.chosen:
            raise PipelineError(
                "--singletons leave_out: no question is in a cluster; lower --threshold or "
                "--min_community_size"
            )
        for number in sample.chosen:
            output.keep(store.read(number))
        write_corpus = output.open_also(corpus_file(settings.sample_question_path))
        for number in range(len(store)):
            write_corpus(store.read(number))
        output.pass_over("not_drawn", len(store) - len(sample.chosen))
    figures = sample_figures(clusters, sample, settings.total, settings.singletons)
    tell_figures(figures, settings.total)
    if figures["in_clusters"] < FEW_IN_CLUSTERS * len(store):
        log.warning(
            "few questions are in clusters; a --threshold below %g, or a smaller "
            "--min_community_size, finds more",
            content.threshold,
        )
    output.summary |= figures
    output.summary |= {"sources": counts, "settings": summarised(settings, content)}


def summarised(settings: Settings, content: ClusterFile) -> Row:
    return {
        "domain": str(settings.domain.path),
        "n": settings.total,
        "singletons": settings.singletons,
        "random_seed": settings.random_seed,
        "max_rows": settings.max_rows,
        "threshold": content.threshold,
        "min_community_size": content.min_community_size,
        "embeddings": content.embeddings,
        "cluster_path": str(settings.cluster_path),
    }


def check_paths(settings: Settings) -> list[Path]:
    """Check that no file that is written is one that is read; returns those that are read."""
    inputs = [settings.domain.path]
    inputs += [Path(source.path) for source in settings.domain.sources if source.path]
    sample, corpus = settings.sample_question_path, corpus_file(settings.sample_question_path)
    written = [path.resolve() for path in (*written_files(sample), corpus)]
    if settings.cluster_path.resolve() in written:
        raise PipelineError(
            f"--cluster_path {settings.cluster_path}: is where the sample goes; name another file"
        )
    refuse_overwriting_inputs(corpus, inputs)
    if settings.uses_cluster_file:
        return [*inputs, settings.cluster_path]
    if settings.cluster_path.is_dir():
        raise PipelineError(f"--cluster_path {settings.cluster_path}: is a folder; name a file")
    refuse_overwriting_inputs(settings.cluster_path, inputs)
    return inputs


def main(argv: list[str] | None = None) -> None:
    settings = read_settings(parse_flags(Flags, argv))
    output = StageOutput(settings.sample_question_path, check_paths(settings), stage="questions")
    opened = [Opened(source, open_questions(source)) for source in settings.domain.sources]
    embeddings_by: Row = {}
    if not settings.uses_cluster_file:
        # Before the rows are read, as the model may be missing.
        embeddings_by = open_embedder(settings.embedding, settings.cache_folder).identity()
    with output:
        select(settings, opened, embeddings_by, output)


if __name__ == "__main__":
    run(main)
