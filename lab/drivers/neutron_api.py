"""Neutron's WSGI application with its policies loaded before the first request.

Neutron loads them at the first request, and a second one that comes meanwhile finds rules missing and is refused (403);
with a single process of several threads that happens at nearly every start.
"""

from neutron import policy
from neutron.wsgi.api import application

policy.init()

__all__ = ["application"]
