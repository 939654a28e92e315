"""What a sample took of clusters and singletons, beside what is their share."""

from collections.abc import Sequence

from data_v5.selection.clusters import Clusters
from data_v5.selection.sampling_plan import QuestionSample, Singletons
from utils.cli import log
from utils.jsonl import Row

# Clusters whose draws the summary and the log name.
LISTED_CLUSTERS = 50
LOGGED_CLUSTERS = 5
# The smallest clusters of each class of sizes.
CLASSES = (1, 2, 10, 20, 50, 100, 200, 500, 1000)

# (questions of a cluster, how many of them were drawn)
Pair = tuple[int, int]


def sample_figures(
    clusters: Clusters, sample: QuestionSample, total: int, singletons: Singletons
) -> Row:
    """Count what clusters and singletons hold and gave."""
    # Communities of one are singletons too, where so small ones are allowed.
    pairs = [(len(members), given) for members, given in zip(clusters, sample.given, strict=True)]
    grouped = sorted((pair for pair in pairs if pair[0] > 1), key=lambda pair: -pair[0])
    alone = [given for size, given in pairs if size == 1]
    drawn_from = grouped if singletons == "leave_out" else pairs
    questions = sum(size for size, _ in drawn_from)
    share = min(1.0, total / questions)
    return {
        "clusters": len(grouped),
        "in_clusters": sum(size for size, _ in grouped),
        "clusters_drawn_from": sum(given > 0 for _, given in grouped),
        "drawn_from_clusters": sum(given for _, given in grouped),
        "singletons": len(alone),
        "drawn_from_singletons": sum(alone),
        "drawable": questions,
        "clusters_with_a_share_under_one": sum(size * share < 1 for size, _ in grouped),
        "shares_by_size": shares_by_size(drawn_from, questions, len(sample.chosen)),
        "largest_clusters_give": [
            f"{given:,} of {size:,}" for size, given in grouped[:LISTED_CLUSTERS]
        ],
    }


def shares_by_size(pairs: Sequence[Pair], questions: int, drawn: int) -> list[Row]:
    """Compare, for each class of sizes, its share of the questions with its share of the sample."""
    rows = []
    for least, after in zip(CLASSES, (*CLASSES[1:], None), strict=True):
        inside = [pair for pair in pairs if least <= pair[0] and (not after or pair[0] < after)]
        if not inside:
            continue
        size, given = sum(size for size, _ in inside), sum(given for _, given in inside)
        rows.append(
            {
                "sizes": _class_name(least, after),
                "clusters": len(inside),
                "questions": size,
                "asked": round(drawn * size / questions, 1),
                "given": given,
                "asked_share": round(size / questions, 4),
                "given_share": round(given / drawn, 4),
            }
        )
    return rows


def _class_name(least: int, after: int | None) -> str:
    if least == 1:
        return "singletons"
    return f"{least}-{after - 1}" if after else f"{least} or more"


def tell_figures(figures: Row, total: int) -> None:
    """Tell the log what was drawn from what, and warn where proportion can't be had."""
    if total >= figures["drawable"]:
        log.warning(
            "-n %d: there are %d different questions%s; all are taken",
            *(total, figures["drawable"]),
            " in clusters" if figures["drawable"] == figures["in_clusters"] else "",
        )
    log.info(
        "{clusters:,} clusters hold {in_clusters:,} questions and {clusters_drawn_from:,} of them "
        "give {drawn_from_clusters:,}; {singletons:,} singletons give "
        "{drawn_from_singletons:,}".format(**figures)
    )
    if figures["largest_clusters_give"]:
        largest = figures["largest_clusters_give"][:LOGGED_CLUSTERS]
        log.info("the largest clusters give %s", ", ".join(largest))
    for row in figures["shares_by_size"]:
        log.info(
            "  {sizes:>12}: {questions:,} questions, asked {asked:,.1f} ({asked_share:.1%}), "
            "given {given:,} ({given_share:.1%})".format(**row)
        )
    if small := figures["clusters_with_a_share_under_one"]:
        log.warning(
            "%s of %s clusters have a share of less than one question; %s clusters give none; a "
            "larger -n, or a lower --threshold, gives them one",
            *(f"{small:,}", f"{figures['clusters']:,}"),
            f"{figures['clusters'] - figures['clusters_drawn_from']:,}",
        )
