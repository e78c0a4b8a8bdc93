from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from stackyard.storage.models import Blob
from stackyard.storage.queries import path_of
from stackyard.storage.services import store_bytes

pytestmark = pytest.mark.django_db


def check():
    out = StringIO()
    call_command("check_blobs", stdout=out)
    return out.getvalue().splitlines()


def test_sound_storage_passes(home):
    store_bytes(1, b"oak")
    store_bytes(2, b"ash")

    assert check() == ["2 blobs read, 0 damaged, 0 orphans"]


def test_an_orphan_is_reported_and_does_no_harm(home):
    digest = store_bytes(1, b"oak")
    Blob.objects.all().delete()

    assert check() == [f"orphan: {digest} is held by no team", "1 blobs read, 0 damaged, 1 orphans"]


def test_damage_and_loss_are_failures(home):
    lost, changed = store_bytes(1, b"oak"), store_bytes(1, b"ash")
    path_of(lost).unlink()
    path_of(changed).chmod(0o644)
    path_of(changed).write_bytes(b"elm")

    with pytest.raises(CommandError, match="upload their bytes again"):
        check()
