"""What both targets share: the contract, the model behind a small protocol, the one handler.

Nothing here imports FastAPI, and only a runtime's own module imports NumPy, so that a prediction
pays for what it needs and for nothing else.
"""
