"""Two admins who demote each other at the same moment."""

from threading import Barrier, Thread

import pytest
from django.db import connection
from stackyard.accounts.models import Membership
from stackyard.accounts.services import add_member, change_role, create_team, create_user
from stackyard.errors import WrongState


@pytest.mark.django_db(transaction=True)
def test_one_of_them_stays_admin():
    team = create_team("forest")
    ada, bea = (add_member(team, create_user(name), "admin") for name in ("ada", "bea"))
    together = Barrier(2)
    refused = []

    def demote(other, actor):
        try:
            together.wait()
            change_role(other, "member", actor.user)
        except WrongState as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=demote, args=pair) for pair in ((ada, bea), (bea, ada))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert Membership.objects.filter(team=team, role="admin").count() == 1
