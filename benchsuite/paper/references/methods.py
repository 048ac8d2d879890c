"""The works behind the analysis itself, as BibTeX: a paper cites each where it uses what is in it."""

from __future__ import annotations

CROSSED = """@article{hillis2007,
  author  = {Hillis, Stephen L.},
  title   = {A comparison of denominator degrees of freedom methods for multiple observer {ROC} analysis},
  journal = {Statistics in Medicine},
  volume  = {26},
  number  = {3},
  pages   = {596--619},
  year    = {2007},
  doi     = {10.1002/sim.2532}
}"""
IMPORTANCE = """@inproceedings{hutter2014,
  author    = {Hutter, Frank and Hoos, Holger and Leyton-Brown, Kevin},
  title     = {An efficient approach for assessing hyperparameter importance},
  booktitle = {Proc. 31st Int. Conf. Mach. Learn. (ICML)},
  year      = {2014},
  pages     = {754--762}
}"""
EPSILON_SQUARED = """@article{kelley1935,
  author  = {Kelley, Truman L.},
  title   = {An unbiased correlation ratio measure},
  journal = {Proceedings of the National Academy of Sciences},
  volume  = {21},
  number  = {9},
  pages   = {554--559},
  year    = {1935},
  doi     = {10.1073/pnas.21.9.554}
}"""
SPENDING = """@article{lan1983,
  author  = {Lan, K. K. Gordon and DeMets, David L.},
  title   = {Discrete sequential boundaries for clinical trials},
  journal = {Biometrika},
  volume  = {70},
  number  = {3},
  pages   = {659--663},
  year    = {1983},
  doi     = {10.1093/biomet/70.3.659}
}"""
OVERLAP = """@article{nadeau2003,
  author  = {Nadeau, Claude and Bengio, Yoshua},
  title   = {Inference for the generalization error},
  journal = {Machine Learning},
  volume  = {52},
  number  = {3},
  pages   = {239--281},
  year    = {2003},
  doi     = {10.1023/A:1024068626366}
}"""
