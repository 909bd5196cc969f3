"""The events of NannyML 0.13.1, by the names that its `UsageEvent` has, and why each is logged."""

from __future__ import annotations

from enum import Enum


class UsageEvent(str, Enum):
    """Logged usage events"""

    # Calculators
    STATS_COUNT_FIT = "Simple Stats Count fit"
    STATS_COUNT_RUN = "Simple Stats Count run"
    STATS_COUNT_PLOT = "Simple Stats Count plot"
    STATS_STD_FIT = "Simple Stats Std fit"
    STATS_STD_RUN = "Simple Stats Std run"
    STATS_STD_PLOT = "Simple Stats Std plot"
    STATS_AVG_FIT = "Simple Stats Avg fit"
    STATS_AVG_RUN = "Simple Stats Avg run"
    STATS_AVG_PLOT = "Simple Stats Avg plot"
    STATS_SUM_FIT = "Simple Stats Sum fit"
    STATS_SUM_RUN = "Simple Stats Sum run"
    STATS_SUM_PLOT = "Simple Stats Sum plot"
    STATS_MEDIAN_FIT = "Simple Stats Median fit"
    STATS_MEDIAN_RUN = "Simple Stats Median run"
    STATS_MEDIAN_PLOT = "Simple Stats Median plot"
    DQ_CALC_MISSING_VALUES_FIT = "Data Quality Calculator Missing Values fit"
    DQ_CALC_MISSING_VALUES_RUN = "Data Quality Calculator Missing Values run"
    DQ_CALC_MISSING_VALUES_PLOT = "Data Quality Calculator Missing Values plot"
    DQ_CALC_UNSEEN_VALUES_FIT = "Data Quality Calculator Unseen Values fit"
    DQ_CALC_UNSEEN_VALUES_RUN = "Data Quality Calculator Unseen Values run"
    DQ_CALC_UNSEEN_VALUES_PLOT = "Data Quality Calculator Unseen Values plot"
    DQ_CALC_VALUES_OUT_OF_RANGE_FIT = "Data Quality Calculator Values Out Of Range fit"
    DQ_CALC_VALUES_OUT_OF_RANGE_RUN = "Data Quality Calculator Values Out Of Range run"
    DQ_CALC_VALUES_OUT_OF_RANGE_PLOT = "Data Quality Calculator Values Out Of Range Plot"
    UNIVAR_DRIFT_CALC_FIT = "Univariate drift calculator fit"
    UNIVAR_DRIFT_CALC_RUN = "Univariate drift calculator run"
    UNIVAR_DRIFT_PLOT = "Univariate drift results plot"
    MULTIVAR_DRIFT_CALC_FIT = "Multivariate reconstruction error drift calculator fit"
    MULTIVAR_DRIFT_CALC_RUN = "Multivariate reconstruction error drift calculator run"
    MULTIVAR_DRIFT_PLOT = "Multivariate drift results plot"
    DC_CALC_FIT = "Domain Classifier calculator fit"
    DC_CALC_RUN = "Domain Classifier calculator run"
    DC_RESULTS_PLOT = "Domain Classifier results plot"
    PERFORMANCE_CALC_FIT = "Realized performance calculator fit"
    PERFORMANCE_CALC_RUN = "Realized performance calculator run"
    PERFORMANCE_PLOT = "Realized performance calculator plot"

    # Estimators
    CBPE_ESTIMATOR_FIT = "CBPE estimator fit"
    CBPE_ESTIMATOR_RUN = "CBPE estimator run"
    CBPE_PLOT = "CBPE estimator plot"
    DLE_ESTIMATOR_FIT = "DLE estimator fit"
    DLE_ESTIMATOR_RUN = "DLE estimator run"
    DLE_PLOT = "DLE estimator plot"

    # Ranking
    RANKER_ALERT_COUNT_RUN = "Run ranker using alert count"
    RANKER_CORRELATION_FIT = "Fit ranker using correlation with performance"
    RANKER_CORRELATION_RUN = "Run ranker using correlation with performance"

    # Commands and writers
    CLI_RUN = "CLI run"
    WRITE_RAW = "Exported results with RawFilesWriter"
    WRITE_PICKLE = "Exported results with PickleWriter"
    WRITE_DB = "Exported results with DatabaseWriter"


PROPERTIES = {
    "metrics": "which performance metrics are calculated or estimated",
    "problem_type": "which kinds of model are monitored",
    "continuous_method_names": "which drift methods are used for continuous columns",
    "categorical_method_names": "which drift methods are used for categorical columns",
    "normalize": "whether rates or counts are asked for",
    "kind": "which kind of plot is drawn",
    "nannyml_cloud": "whether NannyML Cloud runs it",
}


def why(event: str) -> str:
    """Why an event is logged, in a sentence; empty for an event that isn't NannyML's."""
    if event == UsageEvent.CLI_RUN.value:
        return "Shows how often NannyML is run by its command line."
    if event.startswith("Exported results with "):
        return "Shows where results are written to."
    if event.startswith(("Run ranker", "Fit ranker")):
        return "Shows which rankers are used, how long they take and how often they fail."
    ends = {
        "fit": "Shows how often this is set up, how long it takes and how often it fails.",
        "run": "Shows how often this is run, how long it takes and how often it fails.",
        "plot": "Shows which results are looked at.",
    }
    return ends.get(event.rpartition(" ")[2].lower(), "")
