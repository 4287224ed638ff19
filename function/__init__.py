"""The function: ``main.predict``, called by functions-framework in its ASGI mode."""
