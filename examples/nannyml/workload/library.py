"""NannyML as its users use it: fit, calculate or estimate, plot, write; on its own sample data.

    python library.py HOST|unobserved LEDGER OUTPUT_DIRECTORY

Every fifth row of each sample is taken and the boosted models get few rounds: the functions that
are used, and so what is logged, stay the same.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nannyml as nml
import pandas as pd
from nannyml.exceptions import InvalidArgumentsException
from observe import Progress, observed

FEW_ROUNDS = {"n_estimators": 10, "num_leaves": 8, "verbosity": -1}
STATS = {
    "Average": nml.SummaryStatsAvgCalculator,
    "Median": nml.SummaryStatsMedianCalculator,
    "Standard deviation": nml.SummaryStatsStdCalculator,
    "Sum": nml.SummaryStatsSumCalculator,
}


class Sample:
    """The three sample data sets: the reference period, and the analysis period with targets."""

    def __init__(self) -> None:
        self.loans = self._cut(*nml.load_synthetic_car_loan_dataset())
        self.messy_loans = self._cut(*nml.load_synthetic_car_loan_data_quality_dataset())
        self.prices = self._cut(*nml.load_synthetic_car_price_dataset())
        self.cards = self._cut(*nml.load_synthetic_multiclass_classification_dataset())

    @staticmethod
    def _cut(
        reference: pd.DataFrame, analysis: pd.DataFrame, targets: pd.DataFrame
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        new = [column for column in targets.columns if column not in analysis.columns]
        return reference[::5], analysis.join(targets[new])[::5]


class Session:
    """One user's session: what later steps rank and write is kept from earlier ones."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.sample = Sample()
        self.kept: dict[str, Any] = {}

    def univariate_drift(self) -> None:
        calculator = nml.UnivariateDriftCalculator(
            column_names=["car_value", "salary_range", "loan_length", "y_pred_proba"],
            timestamp_column_name="timestamp",
            continuous_methods=["kolmogorov_smirnov"],
            categorical_methods=["chi2"],
            chunk_size=1000,
        )
        result = self._calculate(calculator, self.sample.loans)
        result.filter(column_names=["car_value"]).plot(kind="drift")
        result.filter(column_names=["salary_range"]).plot(kind="distribution")
        self.kept["drift"] = result

    def reconstruction_drift(self) -> None:
        calculator = nml.DataReconstructionDriftCalculator(
            column_names=["car_value", "debt_to_income_ratio", "loan_length", "driver_tenure"],
            timestamp_column_name="timestamp",
            chunk_size=1000,
        )
        self.kept["multivariate"] = result = self._calculate(calculator, self.sample.loans)
        result.plot(kind="drift")

    def domain_classifier(self) -> None:
        calculator = nml.DomainClassifierCalculator(
            feature_column_names=["car_value", "debt_to_income_ratio", "loan_length"],
            timestamp_column_name="timestamp",
            chunk_size=2000,
            cv_folds_num=2,
            hyperparameters=FEW_ROUNDS,
        )
        self._calculate(calculator, self.sample.loans).plot(kind="drift")

    def missing_values(self) -> None:
        for normalize in (True, False):
            calculator = nml.MissingValuesCalculator(
                column_names=["car_value", "salary_range"],
                timestamp_column_name="timestamp",
                normalize=normalize,
                chunk_size=1000,
            )
            self._calculate(calculator, self.sample.messy_loans).plot()

    def unseen_values(self) -> None:
        calculator = nml.UnseenValuesCalculator(
            column_names=["salary_range", "size_of_downpayment"],
            timestamp_column_name="timestamp",
            chunk_size=1000,
        )
        self._calculate(calculator, self.sample.messy_loans).plot()

    def values_out_of_range(self) -> None:
        calculator = nml.NumericalRangeCalculator(
            column_names=["car_age", "km_driven"],
            timestamp_column_name="timestamp",
            chunk_size=1000,
        )
        self._calculate(calculator, self.sample.prices).plot()

    def summary_statistics(self) -> None:
        for make in STATS.values():
            calculator = make(
                column_names=["car_value", "debt_to_income_ratio"],
                timestamp_column_name="timestamp",
                chunk_size=1000,
            )
            self._calculate(calculator, self.sample.loans).plot()
        rows = nml.SummaryStatsRowCountCalculator(
            timestamp_column_name="timestamp", chunk_size=1000
        )
        self._calculate(rows, self.sample.loans).plot()

    def realized_performance(self) -> None:
        calculator = nml.PerformanceCalculator(
            metrics=["roc_auc", "f1"],
            problem_type="classification_binary",
            y_pred="y_pred",
            y_pred_proba="y_pred_proba",
            y_true="repaid",
            timestamp_column_name="timestamp",
            chunk_size=1000,
        )
        self.kept["performance"] = result = self._calculate(calculator, self.sample.loans)
        result.plot(kind="performance")
        regression = nml.PerformanceCalculator(
            metrics=["mae", "rmse"],
            problem_type="regression",
            y_pred="y_pred",
            y_true="y_true",
            timestamp_column_name="timestamp",
            chunk_size=1000,
        )
        self._calculate(regression, self.sample.prices).plot(kind="performance")

    def estimated_performance(self) -> None:
        binary = nml.CBPE(
            metrics=["roc_auc", "f1"],
            problem_type="classification_binary",
            y_pred="y_pred",
            y_pred_proba="y_pred_proba",
            y_true="repaid",
            timestamp_column_name="timestamp",
            chunk_size=1000,
        )
        self.kept["estimate"] = result = self._estimate(binary, self.sample.loans)
        result.plot(kind="performance")
        cards = ("prepaid_card", "highstreet_card", "upmarket_card")
        multiclass = nml.CBPE(
            metrics=["accuracy"],
            problem_type="classification_multiclass",
            y_pred="y_pred",
            y_pred_proba={card: f"y_pred_proba_{card}" for card in cards},
            y_true="y_true",
            timestamp_column_name="timestamp",
            chunk_size=2000,
        )
        self._estimate(multiclass, self.sample.cards).plot()

    def direct_loss_estimation(self) -> None:
        estimator = nml.DLE(
            feature_column_names=["car_age", "km_driven", "price_new", "accident_count"],
            y_pred="y_pred",
            y_true="y_true",
            metrics=["mae", "rmse"],
            timestamp_column_name="timestamp",
            hyperparameters=FEW_ROUNDS,
            chunk_size=1000,
        )
        result = self._estimate(estimator, self.sample.prices)
        result.plot(kind="performance")
        result.filter(metrics=["mae"]).plot()

    def rankers(self) -> None:
        nml.AlertCountRanker().rank(self.kept["drift"], only_drifting=False)
        performance = self.kept["performance"].filter(metrics=["roc_auc"])
        ranker = nml.CorrelationRanker()
        ranker.fit(performance.filter(period="reference"))
        ranker.rank(
            self.kept["drift"].filter(period="analysis"), performance.filter(period="analysis")
        )

    def writers(self) -> None:
        folder = str(self.output)
        for name, result in self.kept.items():
            nml.RawFilesWriter(folder).write(result, filename=f"{name}.parquet", format="parquet")
            nml.PickleFileWriter(folder).write(result, filename=f"{name}.pkl")
        database = nml.DatabaseWriter(f"sqlite:///{self.output / 'results.db'}", model_name="loans")
        for name in ("drift", "estimate"):
            database.write(self.kept[name])

    def mistake(self) -> None:
        """A plot of a kind that doesn't exist: the error reaches the user and is logged as one."""
        try:
            self.kept["estimate"].plot(kind="no such kind")
        except InvalidArgumentsException:
            return
        raise AssertionError("NannyML accepted a kind of plot that doesn't exist")

    @staticmethod
    def _calculate(calculator: Any, data: tuple[pd.DataFrame, pd.DataFrame]) -> Any:
        reference, analysis = data
        return calculator.fit(reference).calculate(analysis)

    @staticmethod
    def _estimate(estimator: Any, data: tuple[pd.DataFrame, pd.DataFrame]) -> Any:
        reference, analysis = data
        return estimator.fit(reference).estimate(analysis)


def steps(session: Session) -> dict[str, Callable[[], None]]:
    return {
        "Univariate drift": session.univariate_drift,
        "Multivariate drift by reconstruction": session.reconstruction_drift,
        "Multivariate drift by a domain classifier": session.domain_classifier,
        "Missing values": session.missing_values,
        "Unseen values": session.unseen_values,
        "Values out of range": session.values_out_of_range,
        "Summary statistics": session.summary_statistics,
        "Realized performance": session.realized_performance,
        "Estimated performance (CBPE)": session.estimated_performance,
        "Direct loss estimation": session.direct_loss_estimation,
        "Rankers": session.rankers,
        "Writers: raw files, pickle, database": session.writers,
        "A mistake: a plot of an unknown kind": session.mistake,
    }


def main(host: str, ledger: str, output: str) -> None:
    progress = Progress()
    warnings.simplefilter("ignore")  # of NannyML's dependencies, none of them about its logging
    with observed(host, Path(ledger)):
        with progress.step("Load the sample data"):
            session = Session(Path(output))
        for name, step in steps(session).items():
            with progress.step(name):
                step()
        progress.tell(begin="Send what is still queued")


if __name__ == "__main__":
    main(*sys.argv[1:])
