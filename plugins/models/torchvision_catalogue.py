"""The classification models of torchvision: title, official weights, stages and BibTeX, by family.

Written down so that a suite can be checked, and weights be located, without importing torchvision; a test compares it
with the installed torchvision. The weights are each architecture's DEFAULT.

A family's stages are written as the names of their parts, in the order of the forward pass: submodules, or with a
colon what torchvision's forward() does in words (`torchvision_stages` has them). `each X` makes every child of X a
stage, and `pooled X` cuts the children of X after each pooling layer, into block1, block2, ....
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import resnet, vgg16


@dataclass(frozen=True)
class Family:
    """Architectures with one forward pass. `final` is the layer that a new number of classes replaces."""

    stages: Mapping[str, str]
    final: str
    bibtex: str
    architectures: Mapping[str, tuple[str, str]]
    """Title and file of the default weights, by torchvision's name."""


_RESIDUAL = {
    "stem": "conv1 bn1 relu maxpool",
    "layer1": "layer1",
    "layer2": "layer2",
    "layer3": "layer3",
    "layer4": "layer4",
    "head": "avgpool :flatten fc",
}

_POOLED = {
    "*": "pooled features",
    "hidden": "avgpool :flatten classifier.0 classifier.1 classifier.2 classifier.3 classifier.4 classifier.5",
    "head": "classifier.6",
}

FAMILIES = (
    Family(
        _POOLED,
        "classifier.6",
        r"""@misc{krizhevsky2014one,
  author    = {Krizhevsky, Alex},
  title     = {One Weird Trick for Parallelizing Convolutional Neural Networks},
  year      = {2014},
  eprint    = {1404.5997},
  archiveprefix = {arXiv}
}""",
        {
            "alexnet": ("AlexNet", "alexnet-owt-7be5be79.pth"),
        },
    ),
    Family(
        {"*": "each features", "head": "avgpool classifier"},
        "classifier.2",
        r"""@inproceedings{liu2022convnet,
  author    = {Liu, Zhuang and Mao, Hanzi and Wu, Chao-Yuan and Feichtenhofer, Christoph and Darrell, Trevor
               and Xie, Saining},
  title     = {A {ConvNet} for the 2020s},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2022},
  pages     = {11976--11986}
}""",
        {
            "convnext_base": ("ConvNeXt-Base", "convnext_base-6075fbad.pth"),
            "convnext_large": ("ConvNeXt-Large", "convnext_large-ea097f82.pth"),
            "convnext_small": ("ConvNeXt-Small", "convnext_small-0c510722.pth"),
            "convnext_tiny": ("ConvNeXt-Tiny", "convnext_tiny-983f1562.pth"),
        },
    ),
    Family(
        {
            "stem": "features.conv0 features.norm0 features.relu0 features.pool0",
            "denseblock1": "features.denseblock1 features.transition1",
            "denseblock2": "features.denseblock2 features.transition2",
            "denseblock3": "features.denseblock3 features.transition3",
            "denseblock4": "features.denseblock4 features.norm5",
            "head": ":relu :average :flatten classifier",
        },
        "classifier",
        r"""@inproceedings{huang2017densely,
  author    = {Huang, Gao and Liu, Zhuang and van der Maaten, Laurens and Weinberger, Kilian Q.},
  title     = {Densely Connected Convolutional Networks},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2017},
  pages     = {4700--4708}
}""",
        {
            "densenet121": ("DenseNet121", "densenet121-a639ec97.pth"),
            "densenet161": ("DenseNet161", "densenet161-8d451a50.pth"),
            "densenet169": ("DenseNet169", "densenet169-b2777c0a.pth"),
            "densenet201": ("DenseNet201", "densenet201-c1103571.pth"),
        },
    ),
    Family(
        {"*": "each features", "head": "avgpool :flatten classifier"},
        "classifier.1",
        r"""@inproceedings{tan2019efficientnet,
  author    = {Tan, Mingxing and Le, Quoc V.},
  title     = {{EfficientNet}: Rethinking Model Scaling for Convolutional Neural Networks},
  booktitle = {International Conference on Machine Learning (ICML)},
  year      = {2019},
  pages     = {6105--6114}
}""",
        {
            "efficientnet_b0": ("EfficientNet-B0", "efficientnet_b0_rwightman-7f5810bc.pth"),
            "efficientnet_b1": ("EfficientNet-B1", "efficientnet_b1-c27df63c.pth"),
            "efficientnet_b2": ("EfficientNet-B2", "efficientnet_b2_rwightman-c35c1473.pth"),
            "efficientnet_b3": ("EfficientNet-B3", "efficientnet_b3_rwightman-b3899882.pth"),
            "efficientnet_b4": ("EfficientNet-B4", "efficientnet_b4_rwightman-23ab8bcd.pth"),
            "efficientnet_b5": ("EfficientNet-B5", "efficientnet_b5_lukemelas-1a07897c.pth"),
            "efficientnet_b6": ("EfficientNet-B6", "efficientnet_b6_lukemelas-24a108a5.pth"),
            "efficientnet_b7": ("EfficientNet-B7", "efficientnet_b7_lukemelas-c5b4e57e.pth"),
        },
    ),
    Family(
        {"*": "each features", "head": "avgpool :flatten classifier"},
        "classifier.1",
        r"""@inproceedings{tan2021efficientnetv2,
  author    = {Tan, Mingxing and Le, Quoc V.},
  title     = {{EfficientNetV2}: Smaller Models and Faster Training},
  booktitle = {International Conference on Machine Learning (ICML)},
  year      = {2021},
  pages     = {10096--10106}
}""",
        {
            "efficientnet_v2_l": ("EfficientNetV2-L", "efficientnet_v2_l-59c71312.pth"),
            "efficientnet_v2_m": ("EfficientNetV2-M", "efficientnet_v2_m-dc08266a.pth"),
            "efficientnet_v2_s": ("EfficientNetV2-S", "efficientnet_v2_s-dd5fe13b.pth"),
        },
    ),
    Family(
        {
            "stem": ":rescale conv1 maxpool1 conv2 conv3 maxpool2",
            "inception3": "inception3a inception3b maxpool3",
            "inception4": "inception4a inception4b inception4c inception4d inception4e maxpool4",
            "inception5": "inception5a inception5b",
            "head": "avgpool :flatten dropout fc",
        },
        "fc",
        r"""@inproceedings{szegedy2015going,
  author    = {Szegedy, Christian and Liu, Wei and Jia, Yangqing and Sermanet, Pierre and Reed, Scott and
               Anguelov, Dragomir and Erhan, Dumitru and Vanhoucke, Vincent and Rabinovich, Andrew},
  title     = {Going Deeper with Convolutions},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2015},
  pages     = {1--9}
}""",
        {
            "googlenet": ("GoogLeNet", "googlenet-1378be20.pth"),
        },
    ),
    Family(
        {
            "stem": ":rescale Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2",
            "mixed5": "Mixed_5b Mixed_5c Mixed_5d",
            "mixed6": "Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e",
            "mixed7": "Mixed_7a Mixed_7b Mixed_7c",
            "head": "avgpool dropout :flatten fc",
        },
        "fc",
        r"""@inproceedings{szegedy2016rethinking,
  author    = {Szegedy, Christian and Vanhoucke, Vincent and Ioffe, Sergey and Shlens, Jonathon and Wojna,
               Zbigniew},
  title     = {Rethinking the {Inception} Architecture for Computer Vision},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2016},
  pages     = {2818--2826}
}""",
        {
            "inception_v3": ("Inception-v3", "inception_v3_google-0cc3c7bd.pth"),
        },
    ),
    Family(
        {
            "stem": "stem",
            "*": "each blocks",
            "hidden": "classifier.0 classifier.1 classifier.2 classifier.3 classifier.4",
            "head": "classifier.5",
        },
        "classifier.5",
        r"""@inproceedings{tu2022maxvit,
  author    = {Tu, Zhengzhong and Talebi, Hossein and Zhang, Han and Yang, Feng and Milanfar, Peyman and
               Bovik, Alan and Li, Yinxiao},
  title     = {{MaxViT}: Multi-Axis Vision Transformer},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year      = {2022}
}""",
        {
            "maxvit_t": ("MaxViT-T", "maxvit_t-bc5ab103.pth"),
        },
    ),
    Family(
        {
            "stem": "layers.0 layers.1 layers.2 layers.3 layers.4 layers.5 layers.6 layers.7",
            "stack1": "layers.8",
            "stack2": "layers.9",
            "stack3": "layers.10",
            "stack4": "layers.11",
            "stack5": "layers.12",
            "stack6": "layers.13",
            "final": "layers.14 layers.15 layers.16",
            "head": "pooling classifier",
        },
        "classifier.1",
        r"""@inproceedings{tan2019mnasnet,
  author    = {Tan, Mingxing and Chen, Bo and Pang, Ruoming and Vasudevan, Vijay and Sandler, Mark and
               Howard, Andrew and Le, Quoc V.},
  title     = {{MnasNet}: Platform-Aware Neural Architecture Search for Mobile},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2019},
  pages     = {2820--2828}
}""",
        {
            "mnasnet0_5": ("MNASNet-0.5", "mnasnet0.5_top1_67.823-3ffadce67e.pth"),
            "mnasnet0_75": ("MNASNet-0.75", "mnasnet0_75-7090bc5f.pth"),
            "mnasnet1_0": ("MNASNet-1.0", "mnasnet1.0_top1_73.512-f206786ef8.pth"),
            "mnasnet1_3": ("MNASNet-1.3", "mnasnet1_3-a4c69d6f.pth"),
        },
    ),
    Family(
        {"*": "each features", "head": ":average :flatten classifier"},
        "classifier.1",
        r"""@inproceedings{sandler2018mobilenetv2,
  author    = {Sandler, Mark and Howard, Andrew and Zhu, Menglong and Zhmoginov, Andrey and Chen,
               Liang-Chieh},
  title     = {{MobileNetV2}: Inverted Residuals and Linear Bottlenecks},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2018},
  pages     = {4510--4520}
}""",
        {
            "mobilenet_v2": ("MobileNetV2", "mobilenet_v2-7ebf99e0.pth"),
        },
    ),
    Family(
        {
            "*": "each features",
            "hidden": "avgpool :flatten classifier.0 classifier.1 classifier.2",
            "head": "classifier.3",
        },
        "classifier.3",
        r"""@inproceedings{howard2019searching,
  author    = {Howard, Andrew and Sandler, Mark and Chu, Grace and Chen, Liang-Chieh and Chen, Bo and Tan,
               Mingxing and Wang, Weijun and Zhu, Yukun and Pang, Ruoming and Vasudevan, Vijay and Le, Quoc
               V. and Adam, Hartwig},
  title     = {Searching for {MobileNetV3}},
  booktitle = {IEEE International Conference on Computer Vision (ICCV)},
  year      = {2019},
  pages     = {1314--1324}
}""",
        {
            "mobilenet_v3_large": ("MobileNetV3-Large", "mobilenet_v3_large-5c1a4163.pth"),
            "mobilenet_v3_small": ("MobileNetV3-Small", "mobilenet_v3_small-047dcff4.pth"),
        },
    ),
    Family(
        {"stem": "stem", "*": "each trunk_output", "head": "avgpool :flatten fc"},
        "fc",
        r"""@inproceedings{radosavovic2020designing,
  author    = {Radosavovic, Ilija and Kosaraju, Raj Prateek and Girshick, Ross and He, Kaiming and
               Doll{\'a}r, Piotr},
  title     = {Designing Network Design Spaces},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2020},
  pages     = {10428--10436}
}""",
        {
            "regnet_x_1_6gf": ("RegNetX-1.6GF", "regnet_x_1_6gf-a12f2b72.pth"),
            "regnet_x_3_2gf": ("RegNetX-3.2GF", "regnet_x_3_2gf-7071aa85.pth"),
            "regnet_x_8gf": ("RegNetX-8GF", "regnet_x_8gf-2b70d774.pth"),
            "regnet_x_16gf": ("RegNetX-16GF", "regnet_x_16gf-ba3796d7.pth"),
            "regnet_x_32gf": ("RegNetX-32GF", "regnet_x_32gf-6eb8fdc6.pth"),
            "regnet_x_400mf": ("RegNetX-400MF", "regnet_x_400mf-62229a5f.pth"),
            "regnet_x_800mf": ("RegNetX-800MF", "regnet_x_800mf-94a99ebd.pth"),
            "regnet_y_1_6gf": ("RegNetY-1.6GF", "regnet_y_1_6gf-0d7bc02a.pth"),
            "regnet_y_3_2gf": ("RegNetY-3.2GF", "regnet_y_3_2gf-9180c971.pth"),
            "regnet_y_8gf": ("RegNetY-8GF", "regnet_y_8gf-dc2b1b54.pth"),
            "regnet_y_16gf": ("RegNetY-16GF", "regnet_y_16gf-3e4a00f9.pth"),
            "regnet_y_32gf": ("RegNetY-32GF", "regnet_y_32gf-8db6d4b5.pth"),
            "regnet_y_128gf": ("RegNetY-128GF", "regnet_y_128gf_swag-c8ce3e52.pth"),
            "regnet_y_400mf": ("RegNetY-400MF", "regnet_y_400mf-e6988f5f.pth"),
            "regnet_y_800mf": ("RegNetY-800MF", "regnet_y_800mf-58fc7688.pth"),
        },
    ),
    Family(
        _RESIDUAL,
        "fc",
        resnet.BIBTEX,
        {
            "resnet18": ("ResNet18", "resnet18-f37072fd.pth"),
            "resnet34": ("ResNet34", "resnet34-b627a593.pth"),
            "resnet50": ("ResNet50", "resnet50-11ad3fa6.pth"),
            "resnet101": ("ResNet101", "resnet101-cd907fc2.pth"),
            "resnet152": ("ResNet152", "resnet152-f82ba261.pth"),
        },
    ),
    Family(
        _RESIDUAL,
        "fc",
        r"""@inproceedings{xie2017aggregated,
  author    = {Xie, Saining and Girshick, Ross and Doll{\'a}r, Piotr and Tu, Zhuowen and He, Kaiming},
  title     = {Aggregated Residual Transformations for Deep Neural Networks},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2017},
  pages     = {1492--1500}
}""",
        {
            "resnext50_32x4d": ("ResNeXt50-32x4d", "resnext50_32x4d-1a0047aa.pth"),
            "resnext101_32x8d": ("ResNeXt101-32x8d", "resnext101_32x8d-110c445d.pth"),
            "resnext101_64x4d": ("ResNeXt101-64x4d", "resnext101_64x4d-173b62eb.pth"),
        },
    ),
    Family(
        _RESIDUAL,
        "fc",
        r"""@inproceedings{zagoruyko2016wide,
  author    = {Zagoruyko, Sergey and Komodakis, Nikos},
  title     = {Wide Residual Networks},
  booktitle = {British Machine Vision Conference (BMVC)},
  year      = {2016}
}""",
        {
            "wide_resnet50_2": ("WideResNet50-2", "wide_resnet50_2-9ba9bcbe.pth"),
            "wide_resnet101_2": ("WideResNet101-2", "wide_resnet101_2-d733dc28.pth"),
        },
    ),
    Family(
        {
            "stem": "conv1 maxpool",
            "stage2": "stage2",
            "stage3": "stage3",
            "stage4": "stage4",
            "conv5": "conv5",
            "head": ":average :flatten fc",
        },
        "fc",
        r"""@inproceedings{ma2018shufflenet,
  author    = {Ma, Ningning and Zhang, Xiangyu and Zheng, Hai-Tao and Sun, Jian},
  title     = {{ShuffleNet V2}: Practical Guidelines for Efficient {CNN} Architecture Design},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year      = {2018},
  pages     = {116--131}
}""",
        {
            "shufflenet_v2_x0_5": ("ShuffleNetV2-0.5x", "shufflenetv2_x0.5-f707e7126e.pth"),
            "shufflenet_v2_x1_0": ("ShuffleNetV2-1.0x", "shufflenetv2_x1-5666bf0f80.pth"),
            "shufflenet_v2_x1_5": ("ShuffleNetV2-1.5x", "shufflenetv2_x1_5-3c479a10.pth"),
            "shufflenet_v2_x2_0": ("ShuffleNetV2-2.0x", "shufflenetv2_x2_0-8be3c8ee.pth"),
        },
    ),
    Family(
        {"*": "pooled features", "head": "classifier :flatten"},
        "classifier.1",
        r"""@misc{iandola2016squeezenet,
  author    = {Iandola, Forrest N. and Han, Song and Moskewicz, Matthew W. and Ashraf, Khalid and Dally,
               William J. and Keutzer, Kurt},
  title     = {{SqueezeNet}: {AlexNet}-Level Accuracy with 50x Fewer Parameters and <0.5{MB} Model Size},
  year      = {2016},
  eprint    = {1602.07360},
  archiveprefix = {arXiv}
}""",
        {
            "squeezenet1_0": ("SqueezeNet-1.0", "squeezenet1_0-b66bff10.pth"),
            "squeezenet1_1": ("SqueezeNet-1.1", "squeezenet1_1-b8a52dc0.pth"),
        },
    ),
    Family(
        {"*": "each features", "head": "norm permute avgpool flatten head"},
        "head",
        r"""@inproceedings{liu2021swin,
  author    = {Liu, Ze and Lin, Yutong and Cao, Yue and Hu, Han and Wei, Yixuan and Zhang, Zheng and Lin,
               Stephen and Guo, Baining},
  title     = {{Swin} Transformer: Hierarchical Vision Transformer Using Shifted Windows},
  booktitle = {IEEE International Conference on Computer Vision (ICCV)},
  year      = {2021},
  pages     = {10012--10022}
}""",
        {
            "swin_b": ("Swin-B", "swin_b-68c6b09e.pth"),
            "swin_s": ("Swin-S", "swin_s-5e29d889.pth"),
            "swin_t": ("Swin-T", "swin_t-704ceda3.pth"),
        },
    ),
    Family(
        {"*": "each features", "head": "norm permute avgpool flatten head"},
        "head",
        r"""@inproceedings{liu2022swin,
  author    = {Liu, Ze and Hu, Han and Lin, Yutong and Yao, Zhuliang and Xie, Zhenda and Wei, Yixuan and
               Ning, Jia and Cao, Yue and Zhang, Zheng and Dong, Li and Wei, Furu and Guo, Baining},
  title     = {{Swin} Transformer {V2}: Scaling Up Capacity and Resolution},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2022},
  pages     = {12009--12019}
}""",
        {
            "swin_v2_b": ("SwinV2-B", "swin_v2_b-781e5279.pth"),
            "swin_v2_s": ("SwinV2-S", "swin_v2_s-637d8ceb.pth"),
            "swin_v2_t": ("SwinV2-T", "swin_v2_t-b137f0e2.pth"),
        },
    ),
    Family(
        _POOLED,
        "classifier.6",
        vgg16.BIBTEX,
        {
            "vgg11": ("VGG11", "vgg11-8a719046.pth"),
            "vgg11_bn": ("VGG11-BN", "vgg11_bn-6002323d.pth"),
            "vgg13": ("VGG13", "vgg13-19584684.pth"),
            "vgg13_bn": ("VGG13-BN", "vgg13_bn-abd245e5.pth"),
            "vgg16": ("VGG16", "vgg16-397923af.pth"),
            "vgg16_bn": ("VGG16-BN", "vgg16_bn-6c64b313.pth"),
            "vgg19": ("VGG19", "vgg19-dcbb9e9d.pth"),
            "vgg19_bn": ("VGG19-BN", "vgg19_bn-c79401a0.pth"),
        },
    ),
    Family(
        {"embedding": ":tokens", "*": "each encoder.layers", "head": "encoder.ln :class_token heads"},
        "heads.head",
        r"""@inproceedings{dosovitskiy2021image,
  author    = {Dosovitskiy, Alexey and Beyer, Lucas and Kolesnikov, Alexander and Weissenborn, Dirk and
               Zhai, Xiaohua and Unterthiner, Thomas and Dehghani, Mostafa and Minderer, Matthias and
               Heigold, Georg and Gelly, Sylvain and Uszkoreit, Jakob and Houlsby, Neil},
  title     = {An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale},
  booktitle = {International Conference on Learning Representations (ICLR)},
  year      = {2021}
}""",
        {
            "vit_b_16": ("ViT-B/16", "vit_b_16-c867db91.pth"),
            "vit_b_32": ("ViT-B/32", "vit_b_32-d86f8d99.pth"),
            "vit_h_14": ("ViT-H/14", "vit_h_14_swag-80465313.pth"),
            "vit_l_16": ("ViT-L/16", "vit_l_16-852ce7e3.pth"),
            "vit_l_32": ("ViT-L/32", "vit_l_32-c7638314.pth"),
        },
    ),
)

FAMILY: Mapping[str, Family] = {name: family for family in FAMILIES for name in family.architectures}
"""The family of every architecture."""
