"""Names of the files that one room hands to another."""

CARD_NAME = "model.json"
MANIFEST_NAME = "manifest.json"
REQUIREMENTS_NAME = "requirements.txt"
SETTINGS_NAME = "serving.json"
