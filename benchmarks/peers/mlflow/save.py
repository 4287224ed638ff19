"""Save the model at ``$MODEL`` in MLflow's format: ``python save.py FOLDER``."""

import os
import sys


def save(model: str, folder: str) -> None:
    """In the flavour that it is of; the requirements are this environment, so none are named."""
    if model.endswith(".onnx"):
        import mlflow.onnx
        import onnx

        one_thread = {"intra_op_num_threads": 1, "inter_op_num_threads": 1}
        mlflow.onnx.save_model(
            onnx.load(model),
            folder,
            pip_requirements=[],
            onnx_execution_providers=["CPUExecutionProvider"],
            onnx_session_options=one_thread,
        )
    else:
        import joblib
        import mlflow.sklearn
        from skops.io import dumps, get_untrusted_types

        # MLflow's format by default; what it asks to be told is safe is in a model of our making.
        estimator = joblib.load(model)
        ours = get_untrusted_types(data=dumps(estimator))
        mlflow.sklearn.save_model(estimator, folder, pip_requirements=[], skops_trusted_types=ours)


if __name__ == "__main__":
    save(os.environ["MODEL"], sys.argv[1])
