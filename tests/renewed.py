"""What a renewal changes, as it stands: no test names these versions itself."""

from tests.tree import ROOT
from twinserve.delivery.bundle.oldest import oldest_python
from twinserve.renewal.tools.renewing import VERSION

PYTHON = oldest_python(ROOT)
(GCLOUD,) = VERSION.findall((ROOT / ".github/actions/gcloud/action.yml").read_text())
