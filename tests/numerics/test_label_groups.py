"""Labels that depend on one another by rule: the joint distribution that is meant, and the best sets under it."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from stackyard.errors import RecipeInvalid
from stackyard.numerics.decisions import expected_fbeta_labels
from stackyard.numerics.grouped_fbeta import best_grouped_sets
from stackyard.numerics.label_groups import EXCLUDES, LabelGroup, count_broken, groups_from_json, groups_named, states_of


def one_of(*labels):
    return LabelGroup("exactly_one", labels)


def excludes(label, *labels):
    return LabelGroup("excludes", labels, label)


PLANETS = [
    (3, []),
    (3, [one_of(0, 1, 2)]),
    (4, [excludes(2, 0, 3)]),
    (5, [one_of(1, 3)]),
    (6, [one_of(0, 1, 2), excludes(1, 3, 4, 5)]),
    (7, [one_of(0, 3), one_of(1, 2), excludes(0, 1, 5, 6), excludes(5, 4, 6)]),
    (8, [excludes(0, 1), excludes(1, 2), excludes(3, 4, 5, 6, 7)]),
    pytest.param(10, [one_of(0, 3, 7), excludes(3, 1, 2, 4, 5, 6, 8, 9)], marks=pytest.mark.slow),
]


def keeps(row, groups):
    def rule(group):
        named = [row[label] for label in group.labels]
        return not (row[group.label] and any(named)) if group.kind == EXCLUDES else sum(named) == 1

    return all(rule(group) for group in groups)


def joint_by_definition(row, groups):
    """The chance of each of the 2^L label sets for one row of probabilities, from the words of the module and nothing of its code."""
    labels = len(row)
    sets = [tuple(bits) for bits in product([False, True], repeat=labels)]
    grouped = {label for group in groups if group.kind != EXCLUDES for label in group.labels}
    alone = {group.label for group in groups if group.kind == EXCLUDES} - grouped
    bound = sorted(grouped | alone)
    weights = {}
    for bits in product([False, True], repeat=len(bound)):
        state = dict(zip(bound, bits, strict=True))
        if not all(sum(state[label] for label in group.labels) == 1 for group in groups if group.kind != EXCLUDES):
            continue
        if any(state[group.label] and state.get(label) for group in groups if group.kind == EXCLUDES for label in group.labels):
            continue
        weight = 1.0
        for group in groups:
            if group.kind != EXCLUDES:
                total = sum(row[label] for label in group.labels)
                weight *= next(row[label] / total if total else 1 / len(group.labels) for label in group.labels if state[label])
        for label in alone:
            weight *= row[label] if state[label] else 1 - row[label]
        weights[bits] = weight
    total = sum(weights.values())
    weights = {bits: weight / total if total else 1 / len(weights) for bits, weight in weights.items()}

    def is_blocked(label, bits):
        state = dict(zip(bound, bits, strict=True))
        return any(state[group.label] and label in group.labels for group in groups if group.kind == EXCLUDES)

    chances = []
    for candidate in sets:
        bits = tuple(candidate[label] for label in bound)
        chance = weights.get(bits, 0.0)
        for label in set(range(labels)) - set(bound):
            possible = sum(weight for other, weight in weights.items() if not is_blocked(label, other))
            p = 0.0 if is_blocked(label, bits) or not possible else row[label] / max(possible, row[label])
            chance *= p if candidate[label] else 1 - p
        chances.append(chance)
    return np.array(chances), np.array(sets)


def scores_of(sets, beta, zero_division):
    numbers = sets.astype(float)
    possible = beta**2 * numbers.sum(1)[None, :] + numbers.sum(1)[:, None]
    return np.divide((1 + beta**2) * (numbers @ numbers.T), possible, out=np.full_like(possible, zero_division), where=possible > 0)


def rows_for(labels, groups, rows=25, seed=0):
    random = np.random.default_rng(seed + labels)
    cells = random.random((rows, labels)) ** random.choice([0.5, 1, 3, 8], (rows, 1))
    cells[: rows // 3] = cells[: rows // 3].round(1)  # ties, exact 0 and 1
    cells[0], cells[1] = 0.0, 1.0
    return cells


@pytest.mark.parametrize(("labels", "groups"), PLANETS)
def test_the_joint_distribution_keeps_the_rules_and_sums_to_one(labels, groups):
    for row in rows_for(labels, groups):
        chances, sets = joint_by_definition(row, groups)
        assert chances.sum() == pytest.approx(1)
        assert all(keeps(one, groups) for one in sets[chances > 0])


@pytest.mark.parametrize(("labels", "groups"), PLANETS)
@pytest.mark.parametrize(("beta", "zero_division"), [(2.0, 1.0), (1.0, 0.0), (0.5, 1.0)])
def test_the_best_set_equals_brute_force_over_all_sets_of_the_joint_distribution(labels, groups, beta, zero_division):
    cells = rows_for(labels, groups)
    chosen = best_grouped_sets(cells, states_of(groups, labels), beta**2, zero_division)
    for row, mine in zip(cells, chosen, strict=True):
        chances, sets = joint_by_definition(row, groups)
        values = scores_of(sets, beta, zero_division) @ chances
        reached = values[(mine * 2 ** np.arange(labels)[::-1]).sum()]
        assert reached == pytest.approx(values.max(), abs=1e-13)


def test_without_groups_it_is_the_decision_for_independent_labels():
    cells = np.random.default_rng(3).random((400, 9)) ** 2
    np.testing.assert_array_equal(best_grouped_sets(cells, states_of([], 9), 4.0, 1.0), expected_fbeta_labels(cells))


def test_marginals_are_kept_where_no_chance_must_be_cut():
    row = np.array([0.5, 0.3, 0.2, 0.4, 0.1])
    chances, sets = joint_by_definition(row, [one_of(0, 1, 2), excludes(2, 3, 4)])
    assert chances @ sets == pytest.approx(row)


def test_a_cloudy_sky_hides_the_ground():
    clear, cloudy = [0.05, 0.95, 0.3, 0.3], [0.95, 0.05, 0.3, 0.3]
    chosen = expected_fbeta_labels(np.array([clear, cloudy]), groups=[one_of(0, 1), excludes(1, 2, 3)])
    assert chosen.tolist() == [[False, True, False, False], [True, False, True, True]]


@given(hnp.arrays(np.float64, (7, 6), elements=st.floats(0, 1)), st.permutations(range(6)))
def test_the_order_of_labels_does_not_matter_to_what_is_expected(cells, order):
    groups = [one_of(0, 1, 2), excludes(1, 3, 4)]
    place = {label: order.index(label) for label in range(6)}
    moved = [LabelGroup(g.kind, tuple(place[i] for i in g.labels), None if g.label is None else place[g.label]) for g in groups]
    first = expected_fbeta_labels(cells, groups=groups)
    second = expected_fbeta_labels(np.ascontiguousarray(cells[:, order]), groups=moved)
    for row, one, other in zip(cells, first[:, order], second, strict=True):
        chances, sets = joint_by_definition(row[order], moved)
        values = scores_of(sets, 2.0, 1.0) @ chances
        ranks = [(labels * 2 ** np.arange(6)[::-1]).sum() for labels in (one, other)]
        assert values[ranks[0]] == pytest.approx(values[ranks[1]], abs=1e-13)


@given(st.integers(1, 100))
def test_each_row_is_decided_alone(rows):
    cells = np.random.default_rng(5).random((100, 5))
    groups = [one_of(0, 1), excludes(0, 3)]
    whole = expected_fbeta_labels(cells, groups=groups)
    np.testing.assert_array_equal(expected_fbeta_labels(cells[:rows], groups=groups), whole[:rows])
    np.testing.assert_array_equal(expected_fbeta_labels(cells[::-1], groups=groups), whole[::-1])


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        ([LabelGroup("at_most_one", (0, 1))], "of kind exactly_one or excludes"),
        ([LabelGroup("excludes", (0, 1))], "with a label that excludes"),
        ([LabelGroup("exactly_one", (0, 1), 2)], "with a label that excludes"),
        ([one_of(0, 4)], "different labels among 0 to 3"),
        ([one_of(0, 0)], "different labels"),
        ([excludes(0, 0)], "different labels"),
        ([one_of(2)], "two labels or more"),
        ([one_of(0, 1), one_of(1, 2)], "no label in two"),
        ([one_of(0, 1), excludes(0, 2, 3), excludes(1, 2, 3), one_of(2, 3)], "contradict"),
    ],
)
def test_groups_that_make_no_sense_are_named(groups, sentence):
    with pytest.raises(RecipeInvalid, match=sentence):
        states_of(groups, 4)


def test_too_many_combinations_are_refused_before_they_are_made():
    with pytest.raises(RecipeInvalid, match="at most 256 combinations, got 2 x 2 x"):
        states_of([excludes(label, 60) for label in range(40)], 61)


def test_groups_are_named_by_class_and_travel_through_json():
    classes = ["clear", "cloudy", "road"]
    documents = [{"kind": "exactly_one", "labels": ["clear", "cloudy"]}, {"kind": "excludes", "label": "cloudy"}]
    groups = groups_named(documents, classes)
    assert groups == (one_of(0, 1), excludes(1, 0, 2))
    assert groups_from_json([group.as_json() for group in groups]) == groups
    with pytest.raises(RecipeInvalid, match="among clear, cloudy, road, got 'haze'"):
        groups_named([{"kind": "exactly_one", "labels": ["clear", "haze"]}], classes)


def test_rows_that_break_a_rule_are_counted():
    truth = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1]], bool)
    assert count_broken(truth, one_of(0, 1)) == 2
    assert count_broken(truth, excludes(1, 2)) == 1
