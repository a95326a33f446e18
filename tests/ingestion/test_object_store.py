"""Files in object stores, against a local S3 server."""

from __future__ import annotations

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aidbt.core.errors import SourceUnavailable
from ingestion.settings import connector_from
from tests.kit import free_port


@pytest.fixture
def bucket(s3, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
    client.create_bucket(Bucket="exports")
    yield client
    for item in client.list_objects_v2(Bucket="exports").get("Contents", []):
        client.delete_object(Bucket="exports", Key=item["Key"])
    client.delete_bucket(Bucket="exports")


def test_csv_and_parquet_land_from_s3(bucket, s3, tmp_path, bronze):
    bucket.put_object(Bucket="exports", Key="in/orders.csv", Body=b"id,v\n001,x\n")
    bucket.put_object(Bucket="exports", Key="in/items.csv", Body=b"id\n7\n8\n")
    bucket.put_object(Bucket="exports", Key="in/other/deep.csv", Body=b"id\n7\n")
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "n.parquet")
    bucket.upload_file(str(tmp_path / "n.parquet"), "exports", "in/n.parquet")

    def land(path, **options):
        options["endpoint"] = s3
        return bronze.land(connector_from(path, "cloud", root=tmp_path, options=options))

    for path in ("s3://exports/in/*.csv", "s3://exports/in", "s3://exports/in/"):
        report = land(path, connector="csv")
        assert [(load.table, load.rows_landed) for load in report.tables] == [("items", 2), ("orders", 1)]
        assert report.reconciles
    assert bronze.rows("select distinct id, v from bronze_cloud.orders") == [("001", "x")]

    assert [load.table for load in land("s3://exports/**/*.csv").landed] == ["deep", "items", "orders"]
    assert land("s3://exports/in/n.parquet").tables[0].rows_landed == 2
    assert '"path": "exports/in/n.parquet"' in bronze.value(
        "select position from bronze_cloud._aidbt_loads where table_name = 'n'"
    )


@pytest.mark.long
def test_what_is_missing_in_s3_is_named(bucket, s3, tmp_path, bronze):
    def failure(path):
        connector = connector_from(path, "cloud", root=tmp_path, options={"endpoint": s3})
        (found,) = bronze.land(connector).failures
        return found.error

    assert failure("s3://no-such-bucket/*.csv") == "s3://no-such-bucket/*.csv: there is no such bucket"
    assert failure("s3://exports/none/*.csv") == "there is nothing at s3://exports/none/*.csv"
    endpoint = f"http://127.0.0.1:{free_port()}"
    down = connector_from("s3://exports/*.csv", "cloud", root=tmp_path, options={"endpoint": endpoint})
    with pytest.raises(SourceUnavailable, match=r"s3://exports/\*.csv cannot be reached: "):
        down.open()


def test_keys_that_are_refused_say_which_variables_to_set(bucket, s3, tmp_path, bronze, monkeypatch):
    """moto checks keys only when it is told to, so the store's own refusal is translated here."""
    from ingestion.connectors.files import _translation

    said = "When listing objects: AWS Error ACCESS_DENIED during ListObjectsV2 operation: Access Denied"
    assert "AWS_ACCESS_KEY_ID" in _translation(said, "s3://exports").hint


def test_other_stores_go_through_fsspec(tmp_path, bronze):
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe("/lake/a.csv", b"id\n1\n")

    load = bronze.land_one(connector_from("memory://lake/*.csv", "cloud", root=tmp_path))
    assert load.rows_landed == 1

    (unknown,) = bronze.land(connector_from("nope://lake/a.csv", "cloud", root=tmp_path)).failures
    assert unknown.error == "no file system is known for nope://"
    (lacking,) = bronze.land(connector_from("abfs://lake/a.csv", "cloud", root=tmp_path)).failures
    assert "adlfs" in lacking.error
