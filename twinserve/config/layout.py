"""Names of the files and variables that one room hands to another."""

from pathlib import Path

CARD_NAME = "model.json"
MANIFEST_NAME = "manifest.json"
REQUIREMENTS_NAME = "requirements.txt"
SETTINGS_NAME = "serving.json"
# The page to try the model, in each bundle.
PAGE_NAME = "page.html.gz"
# Below models/, beside the card: the one artifact that a runtime loads.
SERVED_NAME = "served"
# Compiled models for the laptop at hand, where the endpoints run on something else; and how a local
# process is told of one: its SHA-256, a colon, its path.
NATIVE = Path(".cache/native")
NATIVE_VARIABLE = "TWINSERVE_NATIVE_MODEL"

# Of a log entry: where an instance tells what it has answered, and in which format.
MONITORING_MEMBER = "monitoring"
MONITORING_FORMAT = 1

# The environment of a deployed revision says which release it is; ``/model`` repeats it.
RELEASE_VARIABLES = {
    "name": "TWINSERVE_RELEASE",
    "commit": "TWINSERVE_COMMIT",
    "dvc_lock": "TWINSERVE_DVC_LOCK",
    "model_sha256": "TWINSERVE_MODEL_SHA256",
    "bundle": "TWINSERVE_BUNDLE",
    "reproduced_by": "TWINSERVE_REPRODUCED_BY",
    "reproduced_at": "TWINSERVE_REPRODUCED_AT",
}
