"""The server's answers as a tired person can read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from members.answers import BoardRow, Competition, Ensemble, FoldsReport, Me, Prediction
from members.output import clean, number, plain_table, share_bar

MOST_CLASSES = 40


def me_view(me: Me, url: str) -> RenderableType:
    """Return who asks."""
    expires = me.get("expires_at")
    until = f", until {expires[:10]}" if expires else ""
    return clean(f"{me['user']} in team {me['team']}: role {me['role']}, token scope {me['scope']}{until}, at {url}")


def competitions_view(rows: Sequence[Competition]) -> RenderableType:
    """Return the team's competitions."""
    if not rows:
        return Text("No competition yet: `stackyard competition create SPEC.toml` makes one.")
    cells = [
        (
            row["slug"],
            row["name"],
            row["task"],
            row["metric"],
            row["state"],
            row["train_rows"],
            row["test_rows"],
            fold_count(row),
            row["predictions"],
        )
        for row in rows
    ]
    numbers = ("train", "test", "folds", "predictions")
    return plain_table(("slug", "name", "task", "metric", "state", *numbers), cells, right=numbers)


def fold_count(competition: Competition) -> int | str:
    """Return how many folds a competition has, or a dash before they are made."""
    folds = competition.get("folds")
    return folds["count"] if folds else "-"


def competition_view(competition: Competition, report: FoldsReport | None) -> RenderableType:
    """Return what a member must know to predict, and how the classes fall into the folds."""
    better = "higher" if competition["higher_is_better"] else "lower"
    folds = competition.get("folds")
    made = f"{folds['count']}, {folds['made_by']}, digest {folds['digest'][:12]}…" if folds else "-"
    features = competition.get("features")
    facts = [
        ("state", competition["state"]),
        ("task", competition["task"]),
        ("metric", f"{competition['metric']} ({better} is better)"),
        ("rows", f"{competition['train_rows']:,} train, {competition['test_rows']:,} test"),
        ("id column", competition["id_column"]),
        ("classes", ", ".join(competition["classes"])),
        ("features", f"{len(features['columns'])}, digest {features['digest'][:12]}…" if features else "-"),
        ("folds", made),
        ("a day", f"{competition['submissions_per_day']} submissions"),
        ("deadline", competition.get("deadline") or "-"),
        ("predictions", competition["predictions"]),
    ]
    lines: list[RenderableType] = [Text(f"{clean(competition['slug'])}: {clean(competition['name'])}", style="bold"), _facts(facts)]
    if report:
        lines += [Text(), folds_view(report)]
    return Group(*lines, *warnings_view(all_warnings(competition, report)))


def folds_view(report: FoldsReport) -> RenderableType:
    """Return the rows of each class in each fold."""
    headers = ["class", *(f"fold {fold}" for fold in range(report["count"]))]
    rows = [[name, *counts] for name, counts in zip(report["classes"], report["counts"], strict=True)]
    hidden = len(rows) - MOST_CLASSES
    sizes = ["all rows", *report["sizes"]]
    more = [[f"… {hidden} more classes", *[""] * report["count"]]] if hidden > 0 else []
    return plain_table(headers, [*rows[:MOST_CLASSES], *more, sizes], right=headers[1:], title="Rows by class and fold")


def all_warnings(competition: Competition, report: FoldsReport | None) -> list[str]:
    """Return the warnings of both, each once."""
    return list(dict.fromkeys([*competition.get("warnings", []), *(report["warnings"] if report else [])]))


def warnings_view(warnings: Sequence[str]) -> list[RenderableType]:
    """Return each warning on a line."""
    return [Text.assemble(("Warning: ", "bold yellow"), clean(warning)) for warning in warnings]


def prediction_view(prediction: Prediction) -> RenderableType:
    """Return what came of an upload."""
    name = f"{prediction['name']} v{prediction['version']}" + (f" ({prediction['variant']})" if prediction.get("variant") else "")
    if prediction["state"] == "scored":
        spread = "" if prediction.get("std") is None else f"  (folds: {number(prediction['mean'])} ± {number(prediction['std'])})"
        line = Text.assemble(clean(name), ": ", (number(prediction["score"]), "bold green"), f" {prediction['metric']}{spread}")
    else:
        line = Text.assemble(clean(name), ": ", (prediction["state"], "bold"))
    lines: list[RenderableType] = [line]
    if prediction["state"] == "partial":
        lines.append(Text(f"Still missing: fold {', '.join(map(str, prediction['missing_folds']))}"))
    if prediction["state"] == "scored" and any(score is not None for score in prediction["by_fold"]):
        headers = [f"fold {fold}" for fold in range(len(prediction["by_fold"]))]
        lines.append(plain_table(headers, [[number(score) for score in prediction["by_fold"]]], right=headers))
    return Group(*lines)


def board_view(rows: Sequence[BoardRow], competition: Competition) -> RenderableType:
    """Return the leaderboard, best first."""
    if not rows:
        return Text("Nothing is scored yet: `stackyard upload` brings the first prediction.")
    better = "higher" if competition["higher_is_better"] else "lower"
    numbers = ("#", "level", "score", "95 %", "± folds", "folds")
    cells = [
        (
            row["rank"],
            row["name"],
            row["owner"],
            row["level"],
            row["variant"],
            f"v{row['version']}",
            number(row["score"]),
            "≈" if row.get("within_noise") else "",
            interval(row),
            number(row["std"]),
            row["folds"],
        )
        for row in rows
    ]
    headers = ("#", "name", "owner", "level", "variant", "version", "score", "", "95 %", "± folds", "folds")
    table = plain_table(headers, cells, right=numbers, title=f"{competition['name']}: {competition['metric']}, {better} is better")
    is_noisy = any(row.get("within_noise") for row in rows)
    return Group(table, Text("≈ differs from the row above by no more than noise (95 %).", style="dim")) if is_noisy else table


def interval(row: BoardRow) -> str:
    """Return where the score lies, or a dash before that is measured."""
    low, high = row.get("low"), row.get("high")
    return "-" if low is None or high is None else f"{number(low)} … {number(high)}"


def ensemble_view(ensemble: Ensemble) -> RenderableType:
    """Return nested beside in-sample scores, the weights as bars, and what can be submitted."""
    name = blended_name(ensemble)
    in_sample = f"{number(ensemble['in_sample_score'])} in sample"
    head = Text.assemble(clean(name), ": ", (number(ensemble["score"]), "bold green"), " nested, ", (in_sample, "dim"))
    weights = sorted(ensemble["weights"].items(), key=lambda item: -item[1])
    rows = [(label, number(weight, 3), share_bar(weight)) for label, weight in weights]
    bars = plain_table(("model", "weight", ""), rows, right=("weight",))
    made = plain_table(
        ("prediction", "level", "method", "score"),
        [(row["name"], row["level"], row["method"], number(row["score"])) for row in ensemble["predictions"]],
        right=("level", "score"),
    )
    after = f"Submit it: stackyard submit {clean(ensemble['competition'])} --from {clean(name)} -o submission.csv"
    noise = [permuted_view(ensemble), Text()] if ensemble.get("permuted") else []
    return Group(head, Text(), bars, Text(), made, Text(), *noise, Text(after))


def permuted_view(ensemble: Ensemble) -> RenderableType:
    """Return what the recipe made of permuted labels, a line a model and a verdict."""
    found = ensemble["permuted"]
    names = ("score", "chance", "sigma", "sigmas")
    rows = [(row["name"], *(number(row[name]) for name in names[:3]), f"{row['sigmas']:+.1f}", row["verdict"]) for row in found["models"]]
    title = f"On permuted labels ({found['runs']} times)"
    table = plain_table(("model", *names, ""), rows, right=names, title=title)
    style = "bold red" if found["verdict"] == "finds signal in noise" else "bold green"
    return Group(
        table, Text.assemble("The recipe ", (found["verdict"], style) if "finds" in found["verdict"] else ("is " + found["verdict"], style))
    )


def blended_name(ensemble: Ensemble) -> str:
    """Return the name that can be submitted: the blended prediction's, or the run's own before there is one."""
    return ensemble.get("prediction_name") or ensemble["name"]


def _facts(rows: Sequence[tuple[str, Any]]) -> RenderableType:
    table = plain_table(("", ""), rows)
    table.show_header = False
    table.box = None
    table.padding = (0, 2, 0, 0)
    return table
