"""Who a run is: canonical form, fingerprints of code and numerics, the run key, and why a run is due."""
