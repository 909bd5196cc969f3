"""NannyML's own command line, `nml run`, with a configuration file.

python command.py HOST|unobserved LEDGER OUTPUT_DIRECTORY
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import nannyml
from nannyml.cli import cli
from observe import Progress, observed

DATA = Path(nannyml.__file__).parent / "datasets" / "data"


def configuration(output: Path) -> dict[str, object]:
    """A run of two calculators and an estimator over the first 10,000 rows of the car loans.

    No database output: `nml` 0.13.1 doesn't know its own `database` writer.
    """
    few = {"nrows": 10_000}
    outputs = [
        {"type": "raw_files", "params": {"path": str(output / "nml")},
         "write_args": {"filename": "results.csv", "format": "csv"}},
        {"type": "pickle", "params": {"path": str(output / "nml")},
         "write_args": {"filename": "results.pkl"}},
    ]  # fmt: skip
    model = {
        "y_pred": "y_pred", "y_pred_proba": "y_pred_proba", "y_true": "repaid",
        "problem_type": "classification_binary", "timestamp_column_name": "timestamp",
        "metrics": ["roc_auc"], "chunk_size": 1000,
    }  # fmt: skip
    columns = ["car_value", "salary_range"]
    return {
        "input": {
            "reference_data": {
                "path": str(DATA / "synthetic_car_loan_reference.csv"),
                "read_args": few,
            },
            "analysis_data": {
                "path": str(DATA / "synthetic_car_loan_analysis.csv"),
                "read_args": few,
            },
            "target_data": {
                "path": str(DATA / "synthetic_car_loan_analysis_target.csv"),
                "join_column": "id",
            },
        },
        "calculators": [
            {"type": "univariate_drift", "outputs": outputs, "params": {
                "column_names": columns, "timestamp_column_name": "timestamp",
                "chunk_size": 1000}},
            {"type": "performance", "outputs": outputs[:1], "params": model},
            {"type": "cbpe", "outputs": outputs[:1], "params": model},
        ],
    }  # fmt: skip


def main(host: str, ledger: str, output: str) -> None:
    progress = Progress()
    warnings.simplefilter("ignore")
    folder = Path(output)
    config = folder / "nannyml.yaml"
    config.write_text(json.dumps(configuration(folder), indent=2), encoding="utf-8")
    with progress.step("Command line: nml run"), observed(host, Path(ledger)):
        cli(["--configuration-path", str(config), "run"], prog_name="nml", standalone_mode=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
