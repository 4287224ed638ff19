"""The page around ``dvc plots``: Vega inside the page instead of scripts from a public CDN."""

from functools import cache

import vl_convert

# DVC's templates declare Vega-Lite 5; the newest of it that vl-convert carries.
_VEGA_LITE = "5.21"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{refresh_tag}
<title>Plots of the model</title>
<style>
body { font-family: system-ui, sans-serif; margin: 1.5rem; background: #fff; color: #1b1f24; }
table { border-spacing: 15px; }
img { max-width: 100%; height: auto; }
</style>
<script>
SCRIPT
</script>
</head>
<body>
{plot_divs}
</body>
</html>
"""


@cache
def page_template() -> str:
    """What ``plots.html_template`` takes; DVC fills in the plots.

    DVC's own placeholder for scripts is left out, because what it would fill in points at the CDN.
    """
    # DVC's page calls vegaEmbed for each plot.
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=_VEGA_LITE)
    return _PAGE.replace("SCRIPT", bundle)
