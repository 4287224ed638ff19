"""The service: uvicorn, the one handler at ``/predict``, FastAPI for everything else."""
