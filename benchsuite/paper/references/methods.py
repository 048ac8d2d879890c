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
  journal = {Proceedings of the National Academy of Sciences USA},
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
RAND_AUGMENT = """@inproceedings{cubuk2020,
  author    = {Cubuk, Ekin D. and Zoph, Barret and Shlens, Jonathon and Le, Quoc V.},
  title     = {{RandAugment}: Practical automated data augmentation with a reduced search space},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {33},
  pages     = {18613--18624},
  year      = {2020}
}"""
TRIVIAL_AUGMENT = """@inproceedings{muller2021,
  author    = {M{\\"u}ller, Samuel G. and Hutter, Frank},
  title     = {{TrivialAugment}: Tuning-free yet state-of-the-art data augmentation},
  booktitle = {Proc. IEEE/CVF Int. Conf. Comput. Vis. (ICCV)},
  pages     = {774--782},
  year      = {2021},
  doi       = {10.1109/ICCV48922.2021.00081}
}"""
RESIZED_CROP = """@inproceedings{szegedy2015,
  author    = {Szegedy, Christian and Liu, Wei and Jia, Yangqing and Sermanet, Pierre and Reed, Scott and Anguelov,
               Dragomir and Erhan, Dumitru and Vanhoucke, Vincent and Rabinovich, Andrew},
  title     = {Going deeper with convolutions},
  booktitle = {Proc. IEEE Conf. Comput. Vis. Pattern Recognit. (CVPR)},
  pages     = {1--9},
  year      = {2015},
  doi       = {10.1109/CVPR.2015.7298594}
}"""
MIXUP = """@inproceedings{zhang2018,
  author    = {Zhang, Hongyi and Cisse, Moustapha and Dauphin, Yann N. and Lopez-Paz, David},
  title     = {mixup: Beyond empirical risk minimization},
  booktitle = {Proc. Int. Conf. Learn. Represent. (ICLR)},
  year      = {2018}
}"""
CUTMIX = """@inproceedings{yun2019,
  author    = {Yun, Sangdoo and Han, Dongyoon and Oh, Seong Joon and Chun, Sanghyuk and Choe, Junsuk and
               Yoo, Youngjoon},
  title     = {{CutMix}: Regularization strategy to train strong classifiers with localizable features},
  booktitle = {Proc. IEEE/CVF Int. Conf. Comput. Vis. (ICCV)},
  pages     = {6023--6032},
  year      = {2019},
  doi       = {10.1109/ICCV.2019.00612}
}"""
AUGMENTATIONS = {
    "random_resized_crop": RESIZED_CROP,
    "randaugment": RAND_AUGMENT,
    "trivialaugment": TRIVIAL_AUGMENT,
}
"""By the names of augmentations."""
MIXING = {"mixup": MIXUP, "cutmix": CUTMIX}
"""By the parameters of recipes."""
