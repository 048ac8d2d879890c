"""The version of the plugin contract: what `benchsuite.api` and the hooks promise.

The first number changes when a plugin may have to be mended, the second when something is added. A plugin states, as
`benchsuite_api` in its module, the version that it was written for.
"""

API_VERSION = "1.0"
OLDEST_API = 1
"""The oldest first number that is still understood."""
