"""The contract suite: holds any base URL to the contract, one case a row of it."""
