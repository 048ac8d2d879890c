"""Data sets in the Parquet layout of the Hugging Face Hub: from a folder, from the hub, and all that can be wrong."""

from __future__ import annotations

import io
import json
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from benchsuite_plugins.datasets.huggingface import (
    HuggingFace,
    HuggingFaceParameters,
    ParquetFolder,
    ParquetFolderParameters,
)
from PIL import Image
from pydantic import ValidationError

from benchsuite.engine.data.images import load_images
from benchsuite.errors import DataError, SetupError
from benchsuite.sources import download
from benchsuite.sources.data import LocatedData, locate_data

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
hub = pytest.importorskip("huggingface_hub")

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CLASSES = ("cat", "dog")
CITATION = (
    "@article{ada1843,\n  author = {Lovelace, Ada},\n  title = {Notes},\n  journal = {Memoirs},\n  year = {1843}\n}"
)
CARD = f"---\nlicense: cc-by-4.0\npretty_name: Pets\n---\n# Pets\n\n```bibtex\n{CITATION}\n```\n"
PHOTO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def picture(number: int) -> bytes:
    content = io.BytesIO()
    draw = np.random.default_rng(number)
    Image.fromarray(draw.integers(0, 256, (6, 9, 3), np.uint8)).save(content, format="PNG")
    return content.getvalue()


def write(
    file: Path,
    count: int,
    first: int = 0,
    *,
    label: str = "label",
    labels: list[Any] | None = None,
    named: bool = True,
    image: str = "image",
    contents: list[bytes | None] | None = None,
) -> Path:
    """A file of so many rows, whose pictures are numbered from `first`; cats and dogs take turns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    labels = labels if labels is not None else [n % 2 for n in range(count)]
    contents = contents if contents is not None else [picture(first + n) for n in range(count)]
    photos = [{"bytes": content, "path": f"{first + n}.png"} for n, content in enumerate(contents)]
    features = {image: {"_type": "Image"}, label: {"names": list(CLASSES), "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})} if named else None
    columns = {image: pa.array(photos, PHOTO), label: pa.array(labels)}
    table = pa.table(columns).replace_schema_metadata(metadata)
    pq.write_table(table, file, row_group_size=5)
    return file


def repository(home: Path, card: str = CARD, **splits: int) -> Path:
    first = 0
    for split, count in (splits or {"train": 20, "validation": 6, "test": 6}).items():
        write(home / "data" / f"{split}-00000-of-00001.parquet", count, first)
        first += count
    (home / "README.md").write_text(card, encoding="utf-8")
    return home


def locate(tmp_path: Path, home: Path, **parameters: Any) -> LocatedData:
    params = ParquetFolderParameters(folder=home, **parameters)
    return locate_data(ParquetFolder(), params, policy="auto", data=None, cache=tmp_path / "cache", say=print)


def hub_params(**parameters: Any) -> HuggingFaceParameters:
    return HuggingFaceParameters(**{"repo": "ada/pets", "revision": COMMIT, **parameters})


def from_hub(tmp_path: Path, policy: Any = "auto", data: Path | None = None) -> LocatedData:
    return locate_data(HuggingFace(), hub_params(), policy=policy, data=data, cache=tmp_path / "cache", say=print)


def test_official_splits_are_taken_as_they_are(tmp_path: Path) -> None:
    found = locate(tmp_path, repository(tmp_path / "pets"))
    assert found.index.classes == CLASSES
    assert {name: len(split) for name, split in found.counts.items()} == {"train": 2, "validation": 2, "test": 2}
    assert found.counts == {"train": (10, 10), "validation": (3, 3), "test": (3, 3)}
    assert found.provenance == "own data"
    assert not found.index.redivisible


def test_the_pixels_are_those_of_the_rows(tmp_path: Path) -> None:
    params = ParquetFolderParameters(folder=repository(tmp_path / "pets"), image_size=16)
    found = locate_data(ParquetFolder(), params, policy="auto", data=None, cache=tmp_path / "cache", say=print)
    train = found.index.train
    assert [train.images.read(i) for i in range(4)] == [picture(i) for i in range(4)]
    decoded = load_images(train.images, found.digests["train"], params.preprocessing(), tmp_path / "cache")
    assert decoded.pixels.shape == (20, 16, 16, 3)


def test_missing_splits_are_set_aside_by_class_and_share_no_image(tmp_path: Path) -> None:
    found = locate(tmp_path, repository(tmp_path / "pets", train=40), validation=0.2, test=0.1)
    assert found.counts == {"train": (14, 14), "validation": (4, 4), "test": (2, 2)}
    assert not found.duplicates
    assert found.index.redivisible  # so folds may divide training and validation anew
    other = locate(tmp_path, tmp_path / "pets", validation=0.2, test=0.1, split_seed=1)
    assert other.index.test.images.names != found.index.test.images.names
    assert locate(tmp_path, tmp_path / "pets", validation=0.2, test=0.1).fingerprint == found.fingerprint


def test_several_files_make_a_split_in_their_order(tmp_path: Path) -> None:
    home = tmp_path / "pets"
    for number in range(3):
        write(home / f"train-0000{number}-of-00003.parquet", 8, 8 * number)
    found = locate(tmp_path, home, validation=0.25, test=0.25)
    contents = {part.images.read(i) for part in (found.index.train, found.index.validation, found.index.test)
                for i in range(len(part))}  # fmt: skip
    assert contents == {picture(n) for n in range(24)}


def test_rows_without_a_label_are_left_out_and_a_split_of_them_is_none(tmp_path: Path) -> None:
    home = repository(tmp_path / "pets", train=20, validation=6)
    write(home / "data" / "test-00000-of-00001.parquet", 6, 50, labels=[-1] * 6)
    found = locate(tmp_path, home)
    assert sum(found.counts["train"]) + sum(found.counts["test"]) == 20
    assert found.counts["validation"] == (3, 3)


def test_classes_may_be_names_in_the_rows_or_stand_in_the_card(tmp_path: Path) -> None:
    home = tmp_path / "named"
    write(home / "train.parquet", 20, labels=["dog", "cat"] * 10, named=False)
    assert locate(tmp_path, home).index.classes == CLASSES
    other = tmp_path / "told"
    write(other / "train.parquet", 20, named=False)
    names = "      class_label:\n        names:\n          '0': no\n          '1': 'yes'\n"
    card = f"---\nlicense: mit\ndataset_info:\n  features:\n  - name: label\n    dtype:\n{names}---\n"
    (other / "README.md").write_text(card.replace("'0': no", "'0': 'no'"), encoding="utf-8")
    assert locate(tmp_path, other).index.classes == ("no", "yes")


def test_the_card_tells_which_files_a_configuration_has(tmp_path: Path) -> None:
    home = tmp_path / "pets"
    write(home / "small" / "a.parquet", 20)
    write(home / "large" / "b.parquet", 30, 100)
    files = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}/*\n" for name in ("small", "large")
    )
    (home / "README.md").write_text(f"---\nlicense: mit\nconfigs:\n{files}---\n", encoding="utf-8")
    assert sum(map(sum, locate(tmp_path, home, config="large").counts.values())) == 30
    with pytest.raises(DataError, match="several configurations: large, small"):
        locate(tmp_path, home)
    with pytest.raises(DataError, match="no configuration 'huge'"):
        locate(tmp_path, home, config="huge")


def test_licence_title_and_citation_come_from_the_card(tmp_path: Path) -> None:
    home = repository(tmp_path / "pets")
    params = ParquetFolderParameters(folder=home)
    card = ParquetFolder().describe(params, locate(tmp_path, home).folder)
    assert (card.title, card.licence, card.bibtex) == ("Pets", "cc-by-4.0", CITATION)
    assert card.in_language("en").licence == "cc-by-4.0"


def test_a_card_without_a_licence_is_told(tmp_path: Path) -> None:
    home = repository(tmp_path / "pets", card="---\npretty_name: Pets\n---\n")
    found = locate(tmp_path, home)
    assert "its card states no licence" in found.evidence
    card = ParquetFolder().describe(ParquetFolderParameters(folder=home), found.folder)
    assert card.licence == "sus autores no declaran ninguna"
    assert card.in_language("en").licence == "its authors state none"


def test_bibtex_that_cannot_be_read_is_no_citation(tmp_path: Path) -> None:
    home = repository(tmp_path / "pets", card="---\nlicense: mit\n---\n```\n@article{x, title = {half\n}\n```\n")
    card = HuggingFace().describe(hub_params(), locate(tmp_path, home).folder)
    assert card.bibtex.startswith("@misc{adapets")


@pytest.mark.parametrize(
    ("card", "said"),
    [("---\nlicense: mit\n", "does not end"), ("---\na: [\n---\n", "cannot be read"), ("---\n- a\n---\n", "mapping")],
)
def test_a_broken_card_is_refused_by_name(tmp_path: Path, card: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        locate(tmp_path, repository(tmp_path / "pets", card=card))
    assert str(caught.value.where).endswith("README.md")
    assert caught.value.remedy


def test_another_layout_is_told_with_what_is_there(tmp_path: Path) -> None:
    home = tmp_path / "pets"
    home.mkdir()
    (home / "images.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="another layout") as caught:
        locate(tmp_path, home)
    assert "push_to_hub" in str(caught.value.remedy)
    write(home / "test-00000-of-00001.parquet", 4)
    with pytest.raises(DataError, match="no Parquet files of a training split; there is test-0"):
        locate(tmp_path, home)


def test_columns_that_are_missing_or_many_are_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"], "label": [0]}), tmp_path / "train.parquet")
    with pytest.raises(DataError, match="no image column among text, label"):
        locate(tmp_path, tmp_path)
    home = tmp_path / "two"
    write(home / "train.parquet", 20, named=False)
    table = pq.read_table(home / "train.parquet")
    pq.write_table(table.append_column("breed", pa.array([0] * 20)).rename_columns(["image", "kind", "breed"]),
                   home / "train.parquet")  # fmt: skip
    with pytest.raises(DataError, match="more than one label column: kind, breed") as caught:
        locate(tmp_path, home)
    assert "dataset.label_column" in str(caught.value.remedy)
    assert locate(tmp_path, home, label_column="kind").index.classes == ("0", "1")
    with pytest.raises(DataError, match="no label column"):
        locate(tmp_path, home, label_column="race")


def test_a_label_that_is_no_class_is_told_with_its_row(tmp_path: Path) -> None:
    write(tmp_path / "train.parquet", 4, labels=[0, 1, 2, 0])
    with pytest.raises(DataError, match="row 2 has the label 2"):
        locate(tmp_path, tmp_path)


def test_half_a_parquet_file_is_refused_by_name(tmp_path: Path) -> None:
    home = repository(tmp_path / "pets")
    file = home / "data" / "test-00000-of-00001.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match="cannot be read") as caught:
        locate(tmp_path, home)
    assert caught.value.where == str(file)
    assert caught.value.remedy


def test_images_that_are_no_images_are_told_when_they_are_decoded(tmp_path: Path) -> None:
    contents = [picture(n) for n in range(20)]
    contents[7] = b"no image at all"
    write(tmp_path / "train.parquet", 20, contents=contents)
    found = locate(tmp_path, tmp_path, validation=0.1, test=0.1)
    parts = (found.index.train, found.index.validation, found.index.test)
    broken = [(part, i) for part in parts for i in range(len(part)) if "0000007" in part.images.names[i]]
    assert len(broken) == 1
    part, i = broken[0]
    with pytest.raises(DataError, match="cannot be decoded") as caught:
        part.images.decode(i, part.images.read(i))
    assert "000-0000007.png" in str(caught.value.where)


def test_a_row_without_the_bytes_of_its_image_is_told(tmp_path: Path) -> None:
    write(tmp_path / "train.parquet", 3, contents=[picture(0), None, picture(2)])
    with pytest.raises(DataError, match=r"row 1 holds no image, only the path 1\.png"):
        locate(tmp_path, tmp_path)


def test_too_few_images_to_set_aside_are_told(tmp_path: Path) -> None:
    write(tmp_path / "train.parquet", 4)
    with pytest.raises(DataError, match="leaves none for training"):
        locate(tmp_path, tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist") as caught:
        locate(tmp_path, tmp_path / "nothing")
    assert caught.value.remedy


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = repository(tmp_path / "pets")
    monkeypatch.setattr("benchsuite_plugins.datasets.hub_parquet.find_spec", lambda name: None)
    with pytest.raises(SetupError) as caught:
        locate(tmp_path, home)
    assert "benchsuite[huggingface]" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"revision": "main"}, "40"),
        ({"repo": "pets"}, "repo"),
        ({"repo": "../x/y"}, "repo"),
        ({"validation": 0.9}, "train"),
    ],
)
def test_what_is_no_repository_or_commit_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        hub_params(**changes)


# The hub, which is not there: what its client would answer.


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that the client of the hub finds; a file of it is fetched by its name."""
    from benchsuite.sources.digests import file_sha256

    home = repository(tmp_path / "served")

    def info(self: Any, repo: str, revision: str, files_metadata: bool) -> Any:
        files = [path for path in home.rglob("*") if path.is_file()]
        siblings = [
            SimpleNamespace(
                rfilename=path.relative_to(home).as_posix(),
                size=path.stat().st_size,
                lfs=SimpleNamespace(sha256=file_sha256(path)) if path.suffix == ".parquet" else None,
            )
            for path in files
        ]
        return SimpleNamespace(siblings=siblings)

    def fetched(*, repo_id: str, filename: str, local_files_only: bool = False, **_: Any) -> str:
        copy = tmp_path / "hub-cache" / filename
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(home / filename, copy)
        return str(copy)

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(download, "reach", lambda url: None)
    monkeypatch.setattr(hub.HfApi, "dataset_info", info)
    monkeypatch.setattr(hub, "hf_hub_download", fetched)
    return home


def answers(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(hub.HfApi, "dataset_info", refuse)


def refusal(kind: str, status: int) -> Exception:
    from huggingface_hub import errors

    error: Exception = getattr(errors, kind).__new__(getattr(errors, kind))
    error.args = (f"{status} Client Error.",)
    return error


def test_a_repository_is_downloaded_verified_and_found_again_without_a_network(
    tmp_path: Path, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = from_hub(tmp_path)
    assert found.provenance == "official"
    assert COMMIT in found.evidence
    assert found.counts == {"train": (10, 10), "validation": (3, 3), "test": (3, 3)}
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert from_hub(tmp_path, policy="real").fingerprint == found.fingerprint
    card = HuggingFace().describe(hub_params(), found.folder)
    assert (card.title, card.licence, card.bibtex) == ("Pets", "cc-by-4.0", CITATION)


def test_two_repositories_lie_side_by_side_in_the_cache(tmp_path: Path, served: Path) -> None:
    from_hub(tmp_path)
    other = hub_params(repo="ada/birds")
    found = locate_data(HuggingFace(), other, policy="auto", data=None, cache=tmp_path / "cache", say=print)
    assert found.provenance == "official"
    assert from_hub(tmp_path).provenance == "official"


def test_a_file_that_was_changed_since_is_no_official_one(tmp_path: Path, served: Path) -> None:
    from_hub(tmp_path)
    (cached,) = (tmp_path / "cache" / "datasets").rglob("test-00000-of-00001.parquet")
    cached.unlink()
    write(cached, 6, 500)
    assert from_hub(tmp_path).provenance == "unofficial copy"


def test_a_copy_in_the_data_folder_is_taken_and_called_so(tmp_path: Path) -> None:
    repository(tmp_path / "data" / "ada--pets")
    found = from_hub(tmp_path, data=tmp_path / "data")
    assert found.provenance == "unofficial copy"


@pytest.mark.parametrize(
    ("kind", "said", "remedy"),
    [
        ("GatedRepoError", "accepted its conditions", "hf auth login"),
        ("RepositoryNotFoundError", "there is none, or it is private", "dataset.repo"),
        ("RevisionNotFoundError", f"no revision {COMMIT}", "dataset.revision"),
    ],
)
@pytest.mark.parametrize("policy", ["auto", "real"])
def test_what_no_network_would_mend_is_an_error_and_no_sample(
    tmp_path: Path, served: Path, monkeypatch: pytest.MonkeyPatch, kind: str, said: str, remedy: str, policy: str
) -> None:
    answers(monkeypatch, refusal(kind, 404))
    with pytest.raises(DataError, match=said) as caught:
        from_hub(tmp_path, policy=policy)
    assert remedy in str(caught.value.remedy)
    assert "https://huggingface.co/datasets/ada/pets" in str(caught.value.where)


def test_gated_files_are_told_too(tmp_path: Path, served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub shows the list of a gated repository to everybody, and its files to nobody."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    def refuse(*, local_files_only: bool = False, **_: Any) -> str:
        raise LocalEntryNotFoundError("not here") if local_files_only else refusal("GatedRepoError", 403)

    monkeypatch.setattr(hub, "hf_hub_download", refuse)
    with pytest.raises(DataError, match="accepted its conditions"):
        from_hub(tmp_path)


def test_a_repository_of_another_layout_is_told(tmp_path: Path, served: Path) -> None:
    shutil.rmtree(served / "data")
    (served / "pets.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="no Parquet files of a training split"):
        from_hub(tmp_path)


def test_without_a_network_the_sample_stands_in_and_is_refused_where_real_data_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = from_hub(tmp_path)
    assert found.provenance == "synthetic sample"
    assert Counter(found.index.train.labels) == {0: 24, 1: 24, 2: 24}
    with pytest.raises(DataError, match="is not here") as caught:
        from_hub(tmp_path, policy="real")
    assert "ada--pets/" in str(caught.value.expected)
