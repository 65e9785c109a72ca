"""Small models for the lenses, made once a session."""

import pytest
from tiny_models import save_encoder

from spexcore.models import LanguageModel


@pytest.fixture(scope="session")
def classifier(tmp_path_factory):
    """A random three-label BERT that reads 64 tokens."""
    return LanguageModel.load(save_encoder(tmp_path_factory.mktemp("bert"), "bert"))
