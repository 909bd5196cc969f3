"""The drop-in, without NannyML: what a call logs, and what it leaves alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from footfall import ConfigurationError, testing
from footfall_nannyml import usage_logging
from footfall_nannyml.project import NannyMLUsage
from footfall_nannyml.usage_logging import (
    DEFAULT_USAGE_LOGGER,
    SegmentUsageTracker,
    UsageEvent,
    UsageLogger,
    get_logger,
    log_usage,
    usage,
)


class Metric:
    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name


class Estimator:
    def __init__(self) -> None:
        self.metrics = [Metric("mae"), Metric("rmse")]
        self.problem_type = Metric("regression")
        self.secret = "not declared"

    @log_usage(UsageEvent.DLE_ESTIMATOR_FIT, metadata_from_self=["metrics", "problem_type"])
    def fit(self, data: Any) -> Any:
        return data

    @log_usage(
        UsageEvent.DLE_PLOT, metadata={"family": "DLE"}, metadata_from_kwargs=["kind", "gone"]
    )
    def plot(self, kind: str = "performance", title: str = "") -> str:
        if kind == "wrong":
            raise ValueError("a message with a secret")
        return kind


class Remembering(UsageLogger):
    def __init__(self) -> None:
        self.logged: list[tuple[UsageEvent, dict[str, Any]]] = []

    def _log(self, usage_event: UsageEvent, metadata: dict[str, Any]) -> None:
        self.logged.append((usage_event, metadata))


@pytest.fixture
def events() -> Iterator[list[dict[str, Any]]]:
    with testing.capture(usage) as captured:
        yield captured


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("FOOTFALL_HOME", str(tmp_path))
    monkeypatch.delenv("NML_DISABLE_USAGE_LOGGING", raising=False)
    yield
    os.environ.pop("NML_DISABLE_USAGE_LOGGING", None)
    usage._code = None


def test_attributes_are_sent_as_their_texts(events: list[dict[str, Any]]) -> None:
    assert Estimator().fit("data") == "data"
    properties = events[0]["properties"]
    assert events[0]["event"] == "DLE estimator fit"
    assert properties["metrics"] == ["mae", "rmse"]
    assert properties["problem_type"] == "regression"
    assert properties["nannyml_cloud"] is False


def test_nothing_is_sent_of_a_call_but_what_is_declared(events: list[dict[str, Any]]) -> None:
    Estimator().fit("my data")
    Estimator().plot("drift", title="my title")
    for word in ("my data", "my title", "not declared"):
        assert word not in str(events)


@pytest.mark.parametrize(
    ("args", "kwargs", "kind"),
    [(("drift",), {}, "drift"), ((), {"kind": "drift"}, "drift"), ((), {}, "performance")],
)
def test_a_parameter_is_found_however_it_is_passed(
    events: list[dict[str, Any]], args: Any, kwargs: Any, kind: str
) -> None:
    Estimator().plot(*args, **kwargs)
    assert events[0]["properties"]["kind"] == kind
    assert events[0]["properties"]["family"] == "DLE"


def test_an_error_is_raised_as_it_was_and_logged_without_its_message(
    events: list[dict[str, Any]],
) -> None:
    with pytest.raises(ValueError, match="a secret"):
        Estimator().plot("wrong")
    assert events[0]["properties"]["exception_type"] == "ValueError"
    assert "secret" not in str(events)


def test_another_logger_gets_the_metadata_of_each_call() -> None:
    logger = Remembering()

    @log_usage(UsageEvent.CLI_RUN, metadata={"a": 1}, metadata_from_kwargs=["b"], logger=logger)
    def command(b: int = 2) -> int:
        return b

    assert command(5) == 5
    ((event, metadata),) = logger.logged
    assert event is UsageEvent.CLI_RUN
    assert metadata["a"] == 1
    assert metadata["b"] == 5
    assert metadata["exception_occurred"] is False
    assert metadata["run_time"] >= 0


def test_another_logger_that_fails_harms_nobody() -> None:
    class Failing(UsageLogger):
        def _log(self, usage_event: UsageEvent, metadata: dict[str, Any]) -> None:
            raise RuntimeError("the logger's own trouble")

    assert log_usage(UsageEvent.CLI_RUN, logger=Failing())(lambda: "done")() == "done"


def test_another_logger_sees_the_end_of_an_async_call() -> None:
    logger = Remembering()

    @log_usage(UsageEvent.CLI_RUN, logger=logger)
    async def command() -> None:
        await asyncio.sleep(0)
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(command())
    assert logger.logged[0][1]["exception_type"] == "LookupError"


def test_what_is_logged_by_hand_keeps_the_figures_it_comes_with(
    events: list[dict[str, Any]],
) -> None:
    given = {
        "run_time": 1.5,
        "process_run_time": 0.5,
        "exception_occurred": True,
        "exception_type": "nannyml.exceptions.InvalidArgumentsException",
        "kind": "drift",
    }
    get_logger().log(UsageEvent.DLE_PLOT, given)
    properties = events[0]["properties"]
    assert {name: properties[name] for name in given} == given
    assert len(given) == 5


def test_disabling_stops_this_process_and_those_that_it_starts() -> None:
    usage_logging.disable_usage_logging()
    assert os.environ["NML_DISABLE_USAGE_LOGGING"]
    assert not usage.consent().enabled
    usage_logging.enable_usage_logging()
    assert "NML_DISABLE_USAGE_LOGGING" not in os.environ
    assert usage.consent().source == "code"


def test_without_a_collector_nothing_is_logged_and_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FOOTFALL_PYTEST", raising=False)
    waiting = NannyMLUsage({})
    called = waiting.log("x")(lambda: 1)
    assert called() == 1
    status = waiting.status()
    assert (status.enabled, status.pending) == (False, 0)
    assert "FOOTFALL_NANNYML_ENDPOINT" in status.reason


def test_a_collector_that_comes_later_gets_what_is_logged_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = NannyMLUsage({})
    called = waiting.log("x")(lambda: 1)
    called()
    waiting.configure("http://127.0.0.1:9", "wk_test")
    try:
        called()
        status = waiting.status()
        assert (status.enabled, status.pending) == (True, 1)
        with pytest.raises(ConfigurationError, match="already sends"):
            waiting.configure("http://127.0.0.1:10", "wk_test")
    finally:
        waiting.disable()


@pytest.mark.parametrize(
    ("environ", "endpoint", "code"),
    [
        ({}, None, "NANNYML_COLLECTOR"),
        ({"FOOTFALL_NANNYML_ENDPOINT": "https://x.example"}, None, "NANNYML_COLLECTOR"),
        ({"FOOTFALL_NANNYML_WRITE_KEY": "wk"}, "ftp://x.example", "ENDPOINT"),
    ],
)
def test_a_wrong_collector_is_told(environ: dict[str, str], endpoint: Any, code: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        NannyMLUsage(environ).configure(endpoint)
    assert error.value.code == code


def test_a_write_key_of_ones_own_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "given_write_key", usage.given_write_key)
    tracker = SegmentUsageTracker("wk_other", machine_metadata={"host": "secret"})
    assert tracker.write_key == usage.delivery.write_key == "wk_other"
    assert DEFAULT_USAGE_LOGGER.write_key == "wk_other"
