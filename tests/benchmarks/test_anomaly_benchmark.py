"""The anomaly benchmark judges rightly: its figures, its peers' rules, and the sets that it makes."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aidbt.core.measured import Monitor
from aidbt.monitors.history import Family, History
from benchmarks import anomaly
from benchmarks.anomaly_sets import LabelledSet, read_set, sets_in
from benchmarks.anomaly_sets.faults import FAULTS
from benchmarks.anomaly_sets.figures import (
    average_precision,
    episodes_of,
    false_alarms,
    figures,
    incidents_hit,
    labels_hit,
    recall_within,
    truth_of,
)
from benchmarks.anomaly_sets.made import MIXES, make_set
from benchmarks.anomaly_sets.measure import METRICS, visible
from benchmarks.anomaly_sets.peers import (
    PEERS,
    deequ_newest_value,
    deequ_online_normal,
    elementary,
    elementary_by_weekday,
    elementary_excluding,
    fixed_bounds,
    re_data,
)
from benchmarks.anomaly_sets.real import real_series, rival_days
from benchmarks.anomaly_sets.shapes import SHAPES

DAYS = 100
KEYS = (("p000_src", "row_count"), ("p000_src", "mean_amount"), ("p001_src", "row_count"))
SMALL = replace(MIXES[0], pipelines=2)


def labelled(*labels: tuple[str, int, int, int]) -> LabelledSet:
    """Three monitors of two pipelines; labels are (incident, monitor, start, end)."""
    history = History(
        monitors=tuple(Monitor(f"model.data.{table}", metric) for table, metric in KEYS),
        families=(Family.COUNT, Family.AMOUNT, Family.COUNT),
        grain="day",
        starts=tuple(datetime(2026, 1, 1) + timedelta(days=day) for day in range(DAYS)),
        values=np.ones((3, DAYS)),
        rows=np.ones((3, DAYS)),
        variances=np.full((3, DAYS), np.nan),
        refreshed=np.zeros((3, DAYS), bool),
        holidays=np.zeros((3, DAYS)),
        parents=np.full(3, -1),
        volumes=np.array([-1, 0, -1]),
    )
    rows = [(i, *KEYS[m], start, end, "volume_drop", False, KEYS[m][0]) for i, m, start, end in labels]
    columns = ["incident", "table", "metric", "start", "end", "kind", "subtle", "root_table"]
    frame = pd.DataFrame(rows, columns=columns)
    benign = pd.DataFrame([("p001", 95, 95, "promo")], columns=["pipeline", "start", "end", "kind"])
    return LabelledSet("small", history, KEYS, frame, benign, {}, {"p000": "shop", "p001": "office"})


def alerts_on(*places: tuple[int, int]) -> np.ndarray:
    found = np.zeros((3, DAYS), bool)
    for row, day in places:
        found[row, day] = True
    return found


# --- figures ----------------------------------------------------------------------------------------------


def test_an_episode_is_right_neutral_or_a_false_alarm():
    truth = truth_of(labelled(("a", 0, 70, 71)))

    # In the label; the pipeline the day after; alone, twice; another pipeline.
    alerts = alerts_on((0, 70), (1, 72), (0, 80), (0, 82), (2, 70))
    found = episodes_of(truth, alerts)

    assert found.right.tolist() == [True, False, False, False]
    assert found.wrong.tolist() == [False, True, False, True]
    assert found.first.tolist() == [70, 80, 72, 70]


def test_alerts_three_days_apart_are_one_episode_and_four_days_apart_two():
    truth = truth_of(labelled())

    assert len(episodes_of(truth, alerts_on((0, 70), (0, 73))).first) == 1
    assert len(episodes_of(truth, alerts_on((0, 70), (0, 74))).first) == 2


def test_false_alarms_are_per_hundred_monitors_and_week_of_judged_days():
    truth = truth_of(labelled())

    assert truth.monitor_weeks == 3 * 40 / 7
    assert false_alarms(truth, alerts_on((0, 70), (0, 59))) == pytest.approx(100 / (3 * 40 / 7))


def test_an_incident_is_found_when_one_of_its_labels_is_and_delay_counts_from_its_start():
    truth = truth_of(labelled(("a", 0, 70, 73), ("a", 1, 71, 73), ("b", 2, 90, 90)))

    hit = labels_hit(truth, alerts_on((1, 72)))
    found = incidents_hit(truth, hit)

    assert hit.tolist() == [-1, 72, -1]
    assert found.hit.tolist() == [True, False]
    assert found.delay["a"] == 2


def test_average_precision_counts_ties_as_one_step():
    truth = truth_of(labelled(("a", 0, 70, 70), ("a", 2, 70, 70)))
    perfect, tied = np.zeros((3, DAYS)), np.zeros((3, DAYS))
    perfect[[0, 2], 70] = [2, 1]
    tied[[0, 2, 2, 2], [70, 70, 80, 90]] = 1

    assert average_precision(truth, perfect) == 1
    assert average_precision(truth, tied) == pytest.approx(2 / 4)


def test_recall_within_a_budget_takes_the_lowest_threshold_that_keeps_it():
    scores = np.zeros((3, DAYS))
    scores[0, 70] = scores[2, 90] = 5.0
    scores[:, 80] = 4.0
    truth = truth_of(labelled(("a", 0, 70, 70), ("b", 2, 90, 90)))

    recall, threshold = recall_within(truth, scores, 0.0)

    assert recall == 1
    assert 4 <= threshold < 5


def test_the_figures_of_a_set_name_what_was_found_and_what_was_false():
    data = labelled(("a", 0, 70, 70), ("b", 2, 90, 90))
    alerts = alerts_on((0, 70), (2, 95))

    found = figures(data, alerts.astype(float), alerts, np.where(alerts, 4, -1))

    assert (found["precision"], found["recall_mon"], found["f1_mon"]) == (0.5, 0.5, 0.5)
    assert found["kinds"] == {"volume_drop": "1/2"}
    assert found["archetypes"] == {"office": "0/1", "shop": "1/1"}
    assert (found["false_by_metric"], found["false_by_cause"]) == ({"row_count": 1}, {"promo": 1})
    assert found["alert_incidents_per_hit"] == 1


# --- peers ------------------------------------------------------------------------------------------------


def steady(days: int = 200) -> np.ndarray:
    return 100 + np.random.default_rng(4).normal(0, 1, (1, days))


def test_elementary_cannot_tell_before_its_eleventh_bucket():
    for days, is_told in ((10, False), (11, True)):
        values = np.full((1, days), 10.0)
        values[0, :-1] += 1e-9 * np.arange(days - 1)
        values[0, -1] = 1e6
        assert (elementary(values)[0, -1] > 3) == is_told


def test_elementary_with_the_judged_bucket_in_its_window_needs_more_than_six_deviations():
    values = steady()
    for away, is_told in ((5.0, False), (8.0, True)):
        values[0, -1] = values[0, -14:-1].mean() + away * values[0, -14:-1].std(ddof=1)
        assert (elementary(values)[0, -1] > 3) == is_told
        assert elementary_excluding(values)[0, -1] > 3


def test_elementary_by_weekday_says_nothing_for_ten_weeks():
    values = steady()
    values[0, [69, 100]] = 1e6

    found = elementary_by_weekday(values)[0] > 3

    assert not found[:70].any()
    assert found[100]


def test_deequ_learns_nothing_of_what_it_flags_and_ignores_the_first_tenth():
    values = steady()
    values[0, 150:] = 110

    over_all, newest = deequ_online_normal(values)[0] > 3, deequ_newest_value(values)[0] > 3

    assert over_all[150:].all()
    assert newest[150] and not newest[-1]
    assert not over_all[:20].any()


def test_re_data_judges_by_the_median_of_thirty_days():
    values = steady()
    values[0, 100] = 120
    values[0, 101:] = np.nan

    found = re_data(values)[0]

    window = values[0, 71:101]
    middle = np.median(window)
    expected = 0.6745 * (120 - middle) / np.median(np.abs(window - middle))
    assert found[100] == pytest.approx(expected)
    assert not found[101:].any()


def test_fixed_bounds_are_of_the_first_sixty_days_for_ever():
    values = np.tile(np.arange(10.0, 20.0), 10)[None].copy()
    values[0, 80] = 19 + 9 * 2

    found = fixed_bounds(values)[0]

    assert found[80] == pytest.approx(2)
    assert np.delete(found, 80).max() == 0


@pytest.mark.parametrize("name", PEERS)
def test_no_peer_knows_the_future_or_minds_what_is_missing(name):
    values = np.vstack([steady(), steady() * 3])
    values[0, 20:40] = np.nan
    values[1] = np.nan

    whole = PEERS[name].scores(values)

    assert np.isfinite(whole).all()
    assert (whole[1] == 0).all()
    if name != "deequ online normal":  # its ignored start is a share of the whole series
        assert np.allclose(PEERS[name].scores(values[:, :120]), whole[:, :120])


# --- made sets --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(SMALL, tmp_path_factory.mktemp("sets"))


def test_the_same_mix_makes_the_same_set_and_another_seed_another(made, tmp_path):
    again, other = make_set(SMALL, tmp_path / "again"), make_set(SMALL, tmp_path / "other", seed=1)
    series = [pd.read_parquet(folder / "series.parquet") for folder in (made, again, other)]

    pd.testing.assert_frame_equal(series[0], series[1])
    assert not series[0].value.equals(series[2].value)


def test_a_set_has_every_metric_of_every_table_and_labels_that_name_them(made):
    data = read_set(made)

    assert len(data.keys) == 2 * 4 * len(METRICS)
    assert {(label.table, label.metric) for label in data.labels.itertuples()} <= set(data.keys)
    assert (data.labels.start <= data.labels.end).all()
    assert set(data.labels.kind) <= set(FAULTS)
    assert set(data.archetypes.values()) <= set(SHAPES)
    assert data.lineage["p000_stg"] == ("p000_src",)


def test_a_label_reaches_what_is_made_of_the_faulty_table_and_nothing_above_it(made):
    labels = pd.read_parquet(made / "labels.parquet")

    for label in labels.itertuples():
        order = ["src", "stg", "mart_a", "mart_b"]
        assert order.index(label.table[5:]) >= order.index(label.root_table[5:])


def test_what_nobody_could_see_is_no_label():
    rng = np.random.default_rng(0)
    clean = 1000 * np.exp(rng.normal(0, 0.1, 200))
    none = np.zeros(200, bool)

    for factor, is_seen in ((0.9, False), (0.3, True)):
        faulty = clean.copy()
        faulty[100] *= factor
        assert visible("row_count", clean, faulty, slice(100, 101), none) is is_seen
    refreshed = none.copy()
    refreshed[100] = True
    assert not visible("row_count", clean, clean * 0.1, slice(100, 101), refreshed)


def test_a_quiet_set_has_no_faults(tmp_path):
    quiet = next(mix for mix in MIXES if mix.name == "quiet")

    folder = make_set(replace(quiet, pipelines=1), tmp_path)

    assert pd.read_parquet(folder / "labels.parquet").empty


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_has_rows_on_open_days_only(shape, tmp_path):
    folder = make_set(replace(SMALL, shapes=(shape,), pipelines=1, faults_each=0), tmp_path)

    series = pd.read_parquet(folder / "series.parquet")

    rows = series[(series.table == "p000_src") & (series.metric == "row_count")].value
    assert rows.notna().all()
    assert (rows >= 0).all()
    assert rows.sum() > 0


# --- the command ------------------------------------------------------------------------------------------


def test_predictions_have_a_row_for_every_day_and_alerts_carry_their_incident(
    made, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "found.parquet"
    words = ["anomaly", "--data", str(made), "--predict", str(out), "--output", "json", "--no-peers"]
    monkeypatch.setattr(sys, "argv", words)

    anomaly.main()

    said = json.loads(capsys.readouterr().out)
    found = pd.read_parquet(out)
    assert list(found.columns) == ["table", "metric", "day", "score", "alert", "incident"]
    assert len(found) == 2 * 4 * len(METRICS) * 365
    assert found.alert.dtype == bool
    assert ((found.incident >= 0) == found.alert).all()
    assert said["ours"]["sets"]["everyday"]["incidents"] > 0
    assert said["ours"]["f1_mon"] == said["ours"]["sets"]["everyday"]["f1_mon"]


def test_a_folder_without_a_set_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["anomaly", "--data", str(tmp_path)])

    with pytest.raises(SystemExit, match="no set in"):
        anomaly.main()


def test_one_file_for_several_sets_is_refused():
    chosen = anomaly.arguments(["--predict", "found.parquet"])

    with pytest.raises(SystemExit, match="name a folder"):
        anomaly.prediction_path(chosen, "everyday")


def test_sets_are_found_beside_each_other(made):
    assert sets_in(made) == [made]
    assert sets_in(made.parent) == [made]
    assert sets_in(made / "nowhere") == []


def test_real_series_have_every_day_and_page_views_are_counts(tmp_path):
    name = "prophet_example_wp_log_R.csv"
    (tmp_path / name).write_text('"ds","y"\n"2008-01-30",2.302585\n"2008-01-28",4.60517\n')

    [series] = real_series(tmp_path)

    assert [str(day) for day in series.days] == ["2008-01-28", "2008-01-29", "2008-01-30"]
    assert series.history.values[0, [0, 2]].tolist() == [100, 10]
    assert np.isnan(series.history.values[0, 1])
    assert rival_days(series) == []


def test_a_folder_without_labels_is_predicted_and_not_judged(made, tmp_path, monkeypatch, capsys):
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "series.parquet").write_bytes((made / "series.parquet").read_bytes())
    out = tmp_path / "found.parquet"
    words = ["anomaly", "--data", str(bare), "--predict", str(out), "--output", "json"]
    monkeypatch.setattr(sys, "argv", words)

    anomaly.main()

    said = json.loads(capsys.readouterr().out)
    assert set(said["ours"]["bare"]) == {"alerts", "incidents", "monitors", "cpu_s"}
    assert len(pd.read_parquet(out)) == len(pd.read_parquet(bare / "series.parquet"))
