"""The reference design: FastAPI, and the estimator itself, loaded with joblib from ``$MODEL``."""

import os

import joblib
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["MODEL"])


class PredictionRequest(BaseModel):
    """The request."""

    features: list[float]


class Prediction(BaseModel):
    """The answer."""

    prediction: int
    model_version: str


@app.post("/predict")
def predict(request: PredictionRequest) -> Prediction:
    """Ask the estimator."""
    return Prediction(
        prediction=int(model.predict([request.features])[0]),
        model_version=os.environ["MODEL_VERSION"],
    )
