"""What deploy/ holds: linted, and naming only paths and metrics that there are."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from footfall_server.ingest.dialects import table
from footfall_server.settings import NAMES
from footfall_server.store.address import read_address

from .conftest import Server, http

DEPLOY = Path(__file__).parent.parent / "deploy"
BIN = Path(sys.executable).parent


def lint(program: str, *arguments: str | Path) -> None:
    done = subprocess.run(
        [BIN / program, *arguments], capture_output=True, text=True, check=False, cwd=DEPLOY
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linters_find_nothing() -> None:
    lint("hadolint", DEPLOY / "Dockerfile")
    lint("yamllint", "--strict", ".")
    lint("kubernetes-validate", "--strict", *sorted((DEPLOY / "kubernetes").glob("*.yaml")))


def test_a_container_has_no_rights_that_it_does_not_need() -> None:
    image = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER 10001", image, re.MULTILINE)
    assert "HEALTHCHECK" in image
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name in ("web", "collector"):
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
    found = yaml.safe_load_all((DEPLOY / "kubernetes" / "footfall.yaml").read_text())
    (pod,) = [one["spec"]["template"]["spec"] for one in found if one["kind"] == "StatefulSet"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"]


def test_every_setting_is_one() -> None:
    own = {"FOOTFALL_HOST_NAME", "FOOTFALL_WEB", "FOOTFALL_COLLECTORS"}  # Caddy's
    for file in (one for one in DEPLOY.rglob("*") if one.is_file()):
        assert set(re.findall(r"FOOTFALL_[A-Z_]+", file.read_text())) <= NAMES | own, file


def test_clickhouse_has_the_cluster_that_the_example_names() -> None:
    example = (DEPLOY / ".env.example").read_text()
    addresses = [read_address(one) for one in re.findall(r"FOOTFALL_STORE_URL=(\S+)", example)]
    services = yaml.safe_load((DEPLOY / "clickhouse" / "compose.yaml").read_text())["services"]
    server = ElementTree.parse(DEPLOY / "clickhouse" / "server.xml")
    (cluster,) = server.findall("remote_servers/*")
    assert {one.cluster for one in addresses} == {cluster.tag}
    assert addresses[0].host in services
    hosts = {(shard, host.text): None for shard, each in enumerate(cluster.findall("shard"), 1)
             for host in each.findall("replica/host")}  # fmt: skip
    for shard, host in hosts:
        given = services[host]["environment"]
        assert (given["SHARD"], given["CLICKHOUSE_USER"]) == (str(shard), addresses[0].user)
        assert services[host]["hostname"] == host
    replicas = [(services[host]["environment"]["REPLICA"], shard) for shard, host in hosts]
    assert len(set(replicas)) == len(replicas) == 4
    keeper = ElementTree.parse(DEPLOY / "clickhouse" / "keeper.xml")
    assert keeper.findtext("keeper_server/tcp_port") == server.findtext("zookeeper/node/port")
    assert server.find("query_log[@remove='1']") is not None, "it keeps ids that were asked for"


def manifests() -> list[dict[str, Any]]:
    text = (DEPLOY / "kubernetes" / "cluster.yaml").read_text()
    return [one for one in yaml.safe_load_all(text) if one]


def pods(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The name by which each pod is reached, and what its container is told."""
    return {
        f"{one['metadata']['name']}-{number}.{one['spec']['serviceName']}": one["spec"]["template"]
        for one in manifests
        if one["kind"] == "StatefulSet"
        for number in range(one["spec"]["replicas"])
    }


def test_the_pods_are_those_that_the_configurations_name() -> None:
    found = manifests()
    (files,) = [one["data"] for one in found if one["kind"] == "ConfigMap"]
    server = ElementTree.fromstring(files["server.xml"])
    keeper = ElementTree.fromstring(files["keeper.xml"])
    named = pods(found)
    services = {one["metadata"]["name"] for one in found if one["kind"] == "Service"}
    assert {name.partition(".")[2] for name in named} <= services
    clickhouse = []
    for number, shard in enumerate(server.findall("remote_servers/main/shard"), 1):
        for host in shard.findall("replica/host"):
            (container,) = named[str(host.text)]["spec"]["containers"]
            assert {"name": "SHARD", "value": str(number)} in container["env"]
            clickhouse.append(host.text)
    keepers = [node.text for node in server.findall("zookeeper/node/host")]
    quorum = keeper.findall("keeper_server/raft_configuration/server")
    assert [one.findtext("hostname") for one in quorum] == keepers
    for one in quorum:  # the id that the pod gives itself
        ordinal = str(one.findtext("hostname")).partition(".")[0].rpartition("-")[2]
        assert one.findtext("id") == str(int(ordinal) + 1)
    assert {*clickhouse, *keepers} == set(named) - {"postgresql-0.postgresql"}
    text = (DEPLOY / "kubernetes" / "cluster.yaml").read_text()
    (url,) = re.findall(r"store-url: (\S+)", text)
    address = read_address(url)
    assert (address.host in services, address.cluster) == (True, "main")
    told = set(re.findall(r"key: ([a-z-]+)[},]", text)) | {"database-url", "store-url"}
    assert told <= set(re.findall(r"[a-z]+(?:-[a-z]+)+", text.partition("apiVersion")[0]))


@pytest.mark.parametrize("place", ["compose", "kubernetes"])
def test_the_engine_understands_the_cluster(tmp_path: Path, place: str) -> None:
    if place == "compose":
        file = DEPLOY / "clickhouse" / "server.xml"
        names = [f"clickhouse-{shard}-{replica}" for shard in (1, 2) for replica in (1, 2)]
    else:
        (files,) = [one["data"] for one in manifests() if one["kind"] == "ConfigMap"]
        file = tmp_path / "server.xml"
        file.write_text(files["server.xml"])
        names = [f"clickhouse-{shard}-{place}.clickhouse" for shard in (1, 2) for place in (0, 1)]
    program = (
        "import chdb, sys; "
        "engine = chdb.connect(f'{sys.argv[1]}?config-file={sys.argv[2]}'); "
        'print(engine.query("SELECT shard_num, replica_num, host_name FROM system.clusters '
        "WHERE cluster = 'main'\", 'TSV'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "store", file],
        env={**os.environ, "SHARD": "1", "REPLICA": "1", "CLUSTER_SECRET": "x"},
        capture_output=True,
        text=True,
        check=True,
    )
    places = [(shard, replica) for shard in "12" for replica in "12"]
    rows = [(*place, name) for place, name in zip(places, names, strict=True)]
    assert done.stdout.split() == [word for row in rows for word in row]


def test_the_proxies_log_no_addresses_and_lead_events_to_collectors() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text()
    assert "access_log off;" in nginx
    assert "error_log /var/log/nginx/footfall.log emerg;" in nginx
    assert not re.search(r"\$(remote_addr|proxy_add_x_forwarded_for|binary_remote)", nginx)
    assert nginx.count("{") == nginx.count("}")
    caddy = (DEPLOY / "Caddyfile").read_text()
    assert caddy.count("header_up -X-Forwarded-For") == caddy.count("\treverse_proxy ")
    matched = re.search(r"@events \{\s+path (.+)", caddy)
    assert matched is not None
    patterns = matched[1].split()
    for path in table._TABLE:
        assert any(fnmatch(path, pattern) for pattern in patterns), path
    for path in ("/", "/api/v1/projects/lib/query", "/projects/lib", "/sign-in", "/health"):
        assert not any(fnmatch(path, pattern) for pattern in patterns), path


def test_the_unit_is_one(tmp_path: Path) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "footfall.service")
    assert unit["Service"]["ProtectSystem"] == "strict"
    assert unit["Service"]["DynamicUser"] == "yes"
    assert unit["Service"]["ExecStart"].endswith("footfall-server serve")
    if analyze := shutil.which("systemd-analyze"):
        copy = tmp_path / "footfall.service"
        text = (DEPLOY / "footfall.service").read_text()
        copy.write_text(text.replace("/opt/footfall/bin", str(BIN)))
        for how in (["verify"], ["security", "--offline=true", "--threshold=25"]):
            done = subprocess.run(
                [analyze, *how, copy], capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), done


def test_dashboard_and_alerts_name_metrics_that_there_are(server: Server) -> None:
    text = http("GET", f"{server.url}/metrics").body.decode()
    told = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    histograms = set(re.findall(r"^# TYPE (\S+) histogram$", text, re.MULTILINE))
    told |= {f"{name}_{end}" for name in histograms for end in ("bucket", "sum", "count")}
    dashboard = json.loads((DEPLOY / "observability" / "grafana.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((DEPLOY / "observability" / "alerts.yaml").read_text())
    asked += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    named = [set(re.findall(r"footfall_[a-z_]+", text)) for text in asked]
    assert len(asked) >= 16
    assert set().union(*named) <= told
