"""Every case of the contract; the suite itself is the engine's, which holds deployed URLs to it."""

from twinserve.contract.suite import *  # noqa: F403 - its cases are collected here
