"""Docker's client, as far as `delivery build` and `push` use it, without a daemon.

A build notes what is in the image, which is as large as its context above its base; a push is told
which digest the registry gave: both in the file that ``$DOCKER_STATE`` names. The image itself is
built for real in ``test_container.py``.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

STATE = Path(os.environ["DOCKER_STATE"])
BASE_BYTES = 1000


def main() -> int:
    """Answer one command."""
    words = sys.argv[1:]
    state: dict[str, Any] = json.loads(STATE.read_text()) if STATE.exists() else {}
    if words[0] == "run":
        sys.stdout.write("42\n")
    elif words[0] == "build":
        labels = dict(words[at + 1].split("=", 1) for at, w in enumerate(words) if w == "--label")
        image = words[words.index("--tag") + 1]
        # The client's context is its own, and gone when the build is over.
        kept = STATE.with_name(f"context-{len(state)}")
        shutil.copytree(words[-1], kept)
        state[image] = {"context": str(kept), "labels": labels, "digest": ""}
        STATE.write_text(json.dumps(state))
    elif words[:2] == ["image", "inspect"]:
        known = state.get(words[-1], {"labels": {}, "digest": ""})
        if "--format" in words:
            repository = words[-1].rpartition(":")[0]
            sys.stdout.write(json.dumps([f"{repository}@{known['digest']}"]))
        else:
            config = {"Labels": known["labels"], "User": "65532"}
            sys.stdout.write(json.dumps([{"Id": "sha256:0", "Config": config}]))
    elif words[0] == "history":
        layers = [{"Size": str(BASE_BYTES), "CreatedBy": "ADD rootfs.tar.xz /"}]
        if words[-1] in state:
            files = Path(state[words[-1]]["context"]).rglob("*")
            size = sum(path.stat().st_size for path in files if path.is_file())
            layers.insert(0, {"Size": str(size), "CreatedBy": "COPY . ."})
        sys.stdout.writelines(json.dumps(layer) + "\n" for layer in layers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
